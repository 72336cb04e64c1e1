package vfs_test

import (
	"math/rand"
	"os"
	"sync"
	"testing"

	"galago/kernel/cred"
	"galago/kernel/errno"
	"galago/kernel/mem"
	"galago/kernel/vfs"
)

func TestMain(m *testing.M) {
	mem.HostInit(256 << 20)
	os.Exit(m.Run())
}

// closeOps counts how often files end.
type closeOps struct{ vfs.NoFileOps }

var (
	closedMu sync.Mutex
	closed   = map[*vfs.File]int{}
)

func (closeOps) Release(f *vfs.File) {
	closedMu.Lock()
	closed[f]++
	closedMu.Unlock()
}

func newFile(t testing.TB) *vfs.File {
	f, err := vfs.NewAnonFile(closeOps{}, nil, nil, vfs.O_RDWR, &cred.Root)
	if err != 0 {
		t.Fatal(err)
	}
	closedMu.Lock()
	delete(closed, f)
	closedMu.Unlock()
	return f
}

// TestFDTableModel compares random operations with a map.
func TestFDTableModel(t *testing.T) {
	r := rand.New(rand.NewSource(4))
	tab := vfs.NewFDTable()
	model := map[int]*vfs.File{}
	cloexec := map[int]bool{}
	const limit = 700
	lowest := func(from int) int {
		for model[from] != nil {
			from++
		}
		return from
	}
	for step := range 20000 {
		fd := r.Intn(limit)
		if r.Intn(3) > 0 {
			fd = r.Intn(40)
		}
		switch r.Intn(9) {
		case 0, 1, 2:
			from, ce := 0, r.Intn(2) == 0
			if r.Intn(3) == 0 {
				from = fd
			}
			f := newFile(t)
			got, err := tab.Add(f, from, limit, ce)
			if want := lowest(from); want >= limit {
				if err != errno.EMFILE {
					t.Fatalf("step %d: %d %v, want EMFILE", step, got, err)
				}
				f.Put()
			} else if got != want || err != 0 {
				t.Fatalf("step %d: descriptor %d %v, want %d", step, got, err, want)
			} else {
				model[got], cloexec[got] = f, ce
			}
		case 3, 4:
			err := tab.Close(fd)
			if (err == 0) != (model[fd] != nil) {
				t.Fatalf("step %d: close %d: %v", step, fd, err)
			}
			delete(model, fd)
			delete(cloexec, fd)
		case 5:
			f := newFile(t)
			if err := tab.DupTo(f, fd, limit, true); err != 0 {
				t.Fatal(err)
			}
			model[fd], cloexec[fd] = f, true
		case 6:
			ref, err := tab.Acquire(fd)
			if ref.F != model[fd] || (err == errno.EBADF) != (model[fd] == nil) {
				t.Fatalf("step %d: acquire %d: %v", step, fd, err)
			}
			if err == 0 {
				ref.Release()
			}
		case 7:
			got, err := tab.Cloexec(fd)
			if got != cloexec[fd] || (err == 0) != (model[fd] != nil) {
				t.Fatalf("step %d: cloexec %d: %v %v", step, fd, got, err)
			}
		case 8:
			if step%50 == 0 {
				copied, err := tab.Copy()
				if err != 0 {
					t.Fatal(err)
				}
				copied.CloseOnExec()
				for fd, f := range model {
					ref, err := copied.Acquire(fd)
					if cloexec[fd] != (err == errno.EBADF) || err == 0 && ref.F != f {
						t.Fatalf("step %d: copy differs at %d", step, fd)
					}
				}
				copied.Put()
			}
		}
	}
	for _, f := range model {
		if n := f.Refs(); n != 1 {
			t.Errorf("a file has %d references", n)
		}
	}
	tab.Put()
	for _, f := range model {
		if closed[f] != 1 {
			t.Error("a file was not closed with the table")
		}
	}
}

func TestFDTableLimits(t *testing.T) {
	tab := vfs.NewFDTable()
	defer tab.Put()
	f := newFile(t)
	if err := tab.DupTo(f, 100, 100, false); err != errno.EBADF {
		t.Errorf("dup2 to the limit: %v", err)
	}
	if err := tab.DupTo(f, -1, 100, false); err != errno.EBADF {
		t.Errorf("dup2 to -1: %v", err)
	}
	if _, err := tab.Add(f, 5, 5, false); err != errno.EMFILE {
		t.Errorf("no room: %v", err)
	}
	fd, err := tab.Reserve(0, 10, false)
	if fd != 0 || err != 0 {
		t.Fatal(fd, err)
	}
	if _, err := tab.Acquire(fd); err != errno.EBADF {
		t.Errorf("a reserved descriptor is visible: %v", err)
	}
	if err := tab.DupTo(f, fd, 10, false); err != errno.EBUSY {
		t.Errorf("dup2 to a reserved one: %v", err)
	}
	tab.Unreserve(fd)
	if fd, err = tab.Add(f, 0, 10, false); fd != 0 || err != 0 {
		t.Errorf("%d %v", fd, err)
	}
	big := newFile(t)
	if err := tab.DupTo(big, 100_000, vfs.MaxFiles, false); err != 0 {
		t.Errorf("a large descriptor: %v", err)
	}
	tab.MarkCloexec(0, 1000)
	tab.CloseOnExec()
	if _, err := tab.Acquire(0); err != errno.EBADF {
		t.Error("close-on-exec left 0 open")
	}
	tab.CloseRange(50_000, 1<<30)
	if _, err := tab.Acquire(100_000); err != errno.EBADF {
		t.Error("CloseRange left it open")
	}
}

// TestFDTableShared has threads open, look up and close in one table.
func TestFDTableShared(t *testing.T) {
	tab := vfs.NewFDTable()
	tab.Get()
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			r := rand.New(rand.NewSource(int64(w)))
			for range 3000 {
				switch r.Intn(3) {
				case 0:
					if _, err := tab.Add(newFile(t), 0, 256, false); err != 0 && err != errno.EMFILE {
						t.Errorf("add: %v", err)
					}
				case 1:
					tab.Close(r.Intn(100))
				case 2:
					if ref, err := tab.Acquire(r.Intn(100)); err == 0 {
						if ref.F.Refs() < 1 {
							t.Error("a dead file")
						}
						ref.Release()
					}
				}
			}
		}()
	}
	wg.Wait()
	tab.Put()
	tab.Put()
}
