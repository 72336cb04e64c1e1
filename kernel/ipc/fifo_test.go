package ipc

import (
	"testing"
	gotime "time"

	"galago/kernel/block"
	"galago/kernel/errno"
	"galago/kernel/fs/tmpfs"
	"galago/kernel/vfs"
	"galago/kernel/vfs/vfstest"
)

// fifo makes a named pipe and returns how to open it.
func fifo(t *testing.T) func(flags uint32) (*vfs.File, errno.Errno) {
	t.Helper()
	env := vfstest.NewEnv(t, func(testing.TB) (*vfs.FSType, *block.Device, string) { return &tmpfs.Type, nil, "" })
	if e := vfs.Mknod(env.Ctx, vfs.AtFDCWD, "/fifo", vfs.S_IFIFO|0o600, 0); e != 0 {
		t.Fatal(e)
	}
	return func(flags uint32) (*vfs.File, errno.Errno) { return vfs.Open(env.Ctx, vfs.AtFDCWD, "/fifo", flags, 0) }
}

func mustOpen(t *testing.T, open func(flags uint32) (*vfs.File, errno.Errno), flags uint32) *vfs.File {
	t.Helper()
	f, e := open(flags)
	if e != 0 {
		t.Fatalf("open with %o: %v", flags, e)
	}
	return f
}

// TestFIFOMeeting has the reader, then the writer, wait for the other one.
func TestFIFOMeeting(t *testing.T) {
	for _, order := range [][2]uint32{{vfs.O_RDONLY, vfs.O_WRONLY}, {vfs.O_WRONLY, vfs.O_RDONLY}} {
		open := fifo(t)
		first := make(chan *vfs.File)
		go func() {
			f, e := open(order[0])
			if e != 0 {
				t.Error(e)
			}
			first <- f
		}()
		select {
		case <-first:
			t.Fatal("nobody was waited for")
		case <-gotime.After(10 * gotime.Millisecond):
		}
		b := mustOpen(t, open, order[1])
		a := <-first
		r, w := a, b
		if order[0] == vfs.O_WRONLY {
			r, w = b, a
		}
		write(w, []byte("through"))
		if s, e := read(r, 10); string(s) != "through" || e != 0 {
			t.Errorf("%q %v", s, e)
		}
		w.Put()
		if s, e := read(r, 10); len(s) != 0 || e != 0 {
			t.Errorf("no end of file: %q %v", s, e)
		}
		r.Put()
	}
}

func TestFIFONonblock(t *testing.T) {
	open := fifo(t)
	if _, e := open(vfs.O_WRONLY | vfs.O_NONBLOCK); e != errno.ENXIO {
		t.Errorf("writer without reader: %v", e)
	}
	r := mustOpen(t, open, vfs.O_RDONLY|vfs.O_NONBLOCK)
	if s, e := read(r, 1); len(s) != 0 || e != 0 {
		t.Errorf("read without writer: %q %v", s, e)
	}
	if m := r.Poll(nil); m != 0 {
		t.Errorf("poll before any writer: %x", m)
	}
	w := mustOpen(t, open, vfs.O_WRONLY|vfs.O_NONBLOCK)
	if _, e := read(r, 1); e != errno.EAGAIN {
		t.Errorf("read of the empty pipe: %v", e)
	}
	write(w, []byte("left"))
	w.Put()
	if m := r.Poll(nil); m != vfs.POLLIN|vfs.POLLRDNORM|vfs.POLLHUP {
		t.Errorf("poll after the writer: %x", m)
	}
	if s, e := read(r, 10); string(s) != "left" || e != 0 {
		t.Errorf("%q %v", s, e)
	}
	r.Put()
	r = mustOpen(t, open, vfs.O_RDONLY|vfs.O_NONBLOCK)
	if s, e := read(r, 10); len(s) != 0 || e != 0 {
		t.Errorf("bytes outlive the pipe's files: %q %v", s, e)
	}
	r.Put()
}

func TestFIFOBothWays(t *testing.T) {
	open := fifo(t)
	f := mustOpen(t, open, vfs.O_RDWR)
	write(f, []byte("self"))
	if s, e := read(f, 10); string(s) != "self" || e != 0 {
		t.Errorf("%q %v", s, e)
	}
	if _, e := f.Lseek(0, vfs.SeekCur); e != errno.ESPIPE {
		t.Errorf("lseek: %v", e)
	}
	f.Put()
	if _, e := open(vfs.O_ACCMODE); e != errno.EINVAL {
		t.Errorf("neither way: %v", e)
	}
}
