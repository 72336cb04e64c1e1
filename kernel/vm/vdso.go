//go:build galago

package vm

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/mem"
	"galago/kernel/time"
	"galago/kernel/vm/pagecache"
)

// The virtual dynamic shared object: two pages that every process has, one with data that the kernel keeps, and behind it one with
// code that reads them (boot/vdso).

// kernelPage backs an area of one page that is the kernel's.
type kernelPage struct {
	frame *mem.Frame
	name  string
}

var vvarPage, vdsoPage = kernelPage{name: "[vvar]"}, kernelPage{name: "[vdso]"}

// InitVDSO makes the two pages. ENOMEM.
func InitVDSO() errno.Errno {
	image := arch.VDSO()
	data, code := mem.AllocFrame(mem.Zero), mem.AllocFrame(mem.Zero)
	if data == nil || code == nil || len(image) > arch.PageSize {
		return errno.ENOMEM
	}
	copy(code.Bytes(), image)
	time.Publish((*time.VVar)(unsafe.Pointer(unsafe.SliceData(data.Bytes()))))
	vvarPage.frame, vdsoPage.frame = data, code
	return errno.OK
}

// MapVDSO maps the pages where there is room and returns the address of the image. ENOMEM.
func (s *AddressSpace) MapVDSO() (uintptr, errno.Errno) {
	s.lock.Lock()
	defer s.unlock()
	at := s.room(0, 2*arch.PageSize)
	if at == 0 {
		return 0, errno.ENOMEM
	}
	r := Request{Hint: at, Length: arch.PageSize, Prot: ProtRead, Flags: DontDump, Back: &vvarPage, Fixed: true}
	if _, e := s.place(&r); e != 0 {
		return 0, e
	}
	r = Request{Hint: at + arch.PageSize, Length: arch.PageSize, Prot: ProtRead | ProtExec, Flags: MayWrite | MayExec, Back: &vdsoPage, Fixed: true}
	return s.place(&r)
}

// Its methods make it a Backing.
func (p *kernelPage) Get() {}
func (p *kernelPage) Put() {}

func (p *kernelPage) Object() *pagecache.Object { return nil }

func (p *kernelPage) Page(idx uint64) (*mem.Frame, errno.Errno) {
	if idx != 0 {
		return nil, errno.ENXIO
	}
	p.frame.Get()
	return p.frame, errno.OK
}

func (p *kernelPage) MakeWritable(uint64, *mem.Frame) errno.Errno { return errno.EACCES }

func (p *kernelPage) Done(*mem.Frame, bool) {}

func (p *kernelPage) Describe(buf []byte) (n int, dev, ino uint64) { return copy(buf, p.name), 0, 0 }

func (p *kernelPage) Sync(from, to int64) errno.Errno { return errno.OK }

func (p *kernelPage) Punch(from, to int64) errno.Errno { return errno.EOPNOTSUPP }
