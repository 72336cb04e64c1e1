package block

import (
	"testing"

	"galago/kernel/errno"
	"galago/kernel/mem"
)

func TestMain(m *testing.M) {
	mem.HostInit(64 << 20)
	m.Run()
}

func frame(t *testing.T, fill byte) *mem.Frame {
	t.Helper()
	f := mem.AllocFrame(0)
	if f == nil {
		t.Fatal("no frame")
	}
	b := f.Bytes()
	for i := range b {
		b[i] = fill
	}
	t.Cleanup(f.Put)
	return f
}

func TestReadBack(t *testing.T) {
	for _, async := range []bool{false, true} {
		d := NewHostDeviceOptions("t", NewMemFile(make([]byte, 1<<20)), 1<<20, HostOptions{Async: async})
		w, r := frame(t, 0xa5), frame(t, 0)
		if err := d.WriteSync(3, w); err != errno.OK {
			t.Fatal(err)
		}
		if err := d.ReadSync(3, r); err != errno.OK {
			t.Fatal(err)
		}
		if string(w.Bytes()) != string(r.Bytes()) {
			t.Error("content differs")
		}
		if err := d.ReadSync(256, r); err != errno.EIO {
			t.Errorf("read beyond the end: %v", err)
		}
		if err := d.Flush(); err != errno.OK {
			t.Error(err)
		}
	}
}

func TestRecorderLogsForcedWrite(t *testing.T) {
	rec := NewRecorder("t", make([]byte, 1<<16))
	r := AllocRequest(rec.Device, Write)
	r.Sector = 8
	r.AddSegment(frame(t, 1), 0, 4096)
	r.Preflush, r.FUA = true, true
	if err := rec.Device.SubmitSync(r); err != errno.OK {
		t.Fatal(err)
	}
	FreeRequest(r)
	log := rec.Log()
	if len(log) != 3 || !log[0].Flush || log[1].Flush || !log[2].Flush || log[1].Off != 4096 {
		t.Fatalf("log %+v", log)
	}
	if rec.LastFlush(2) != 1 || rec.LastFlush(3) != 3 {
		t.Error("LastFlush")
	}
	if img := rec.Image(2); img[4096] != 1 || img[4095] != 0 || img[8192] != 0 {
		t.Error("image")
	}
}
