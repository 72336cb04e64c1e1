//go:build !galago

package block

import (
	"io"
	"sync"
	"unsafe"

	"galago/arch"
	"galago/kernel/errno"
)

// HostFile is what a hosted disk is kept in: an *os.File, for example.
type HostFile interface {
	io.ReaderAt
	io.WriterAt
	Sync() error
}

// HostOptions change how a hosted disk behaves.
type HostOptions struct {
	ReadOnly bool
	Async    bool // requests are served by goroutines, in any order, as by hardware
	NoCache  bool // no volatile cache: flushes are not needed
	// Fault, if set, may fail a request. It is called for every one, flushes included.
	Fault func(op Op, sector, count uint64) errno.Errno
}

// NewHostDevice makes a disk of size bytes out of a file. It is not registered.
func NewHostDevice(name string, f HostFile, size int64) *Device {
	return NewHostDeviceOptions(name, f, size, HostOptions{})
}

// NewHostDeviceOptions is NewHostDevice with options.
func NewHostDeviceOptions(name string, f HostFile, size int64, o HostOptions) *Device {
	depth := 1
	if o.Async {
		depth = 16
	}
	d := &Device{Name: name, Sectors: uint64(size) / SectorSize, ReadOnly: o.ReadOnly, Cache: !o.NoCache,
		MaxSegs: 256, MaxSectors: 4096, Depth: depth, Driver: &hostDriver{f, o}}
	d.setDefaults()
	return d
}

// NewMemDevice makes a disk of size bytes in memory, filled with zeroes. It is not registered.
func NewMemDevice(name string, size int64) *Device {
	return NewHostDevice(name, &MemFile{data: make([]byte, size)}, size)
}

type hostDriver struct {
	f HostFile
	o HostOptions
}

// Start serves a request now or hands it to a goroutine.
func (h *hostDriver) Start(d *Device, r *Request) bool {
	if h.o.Async {
		go func() { Complete(r, h.serve(r)) }()
	} else {
		Complete(r, h.serve(r))
	}
	return true
}

// Commit has nothing to do.
func (h *hostDriver) Commit(d *Device) {}

// TimedOut is never called: there is no time limit.
func (h *hostDriver) TimedOut(d *Device) {}

func (h *hostDriver) serve(r *Request) errno.Errno {
	op := r.Command()
	if h.o.Fault != nil {
		sector, count := r.Position()
		if err := h.o.Fault(op, sector, count); err != errno.OK {
			return err
		}
	}
	if op == Flush {
		return hostError(h.f.Sync())
	}
	sector, _ := r.Position()
	runs := r.Runs(1 << 30)
	for at := int64(sector) * SectorSize; ; {
		phys, n := runs.Next()
		if n == 0 {
			return errno.OK
		}
		b := physBytes(phys, n)
		var err error
		if op == Read {
			_, err = h.f.ReadAt(b, at)
		} else {
			_, err = h.f.WriteAt(b, at)
		}
		if err != nil {
			return errno.EIO
		}
		at += int64(n)
	}
}

func hostError(err error) errno.Errno {
	if err != nil {
		return errno.EIO
	}
	return errno.OK
}

// physBytes returns memory of the arena by physical address.
func physBytes(phys uint64, n uint32) []byte {
	va := arch.DirectMap + uintptr(phys)
	return unsafe.Slice((*byte)(*(*unsafe.Pointer)(unsafe.Pointer(&va))), n)
}

// MemFile is a HostFile in memory, of a fixed size.
type MemFile struct {
	mu   sync.RWMutex
	data []byte
}

// NewMemFile makes a MemFile of data, which it keeps.
func NewMemFile(data []byte) *MemFile { return &MemFile{data: data} }

// ReadAt reads; nothing is beyond the end.
func (m *MemFile) ReadAt(b []byte, off int64) (int, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if off < 0 || off+int64(len(b)) > int64(len(m.data)) {
		return 0, io.EOF
	}
	return copy(b, m.data[off:]), nil
}

// WriteAt writes within the size.
func (m *MemFile) WriteAt(b []byte, off int64) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if off < 0 || off+int64(len(b)) > int64(len(m.data)) {
		return 0, io.ErrShortWrite
	}
	return copy(m.data[off:], b), nil
}

// Sync does nothing.
func (m *MemFile) Sync() error { return nil }

// Bytes returns a copy of the content.
func (m *MemFile) Bytes() []byte {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return append([]byte(nil), m.data...)
}
