//go:build linux

package main

import (
	"fmt"
	"sort"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// params is struct io_uring_params.
type params struct {
	sqEntries, cqEntries, flags, cpu, idle, features, wq uint32
	_                                                    [3]uint32
	sq, cq                                               offsets
}

type offsets struct {
	a, b, mask, entries, e, f, g, _ uint32 // sq: head tail mask entries flags dropped array; cq: head tail mask entries overflow cqes flags
	_                               uint64
}

// sqe is struct io_uring_sqe.
type sqe struct {
	op, flags uint8
	prio      uint16
	fd        int32
	off, addr uint64
	len       uint32
	opFlags   uint32
	data      uint64
	buf       uint16
	persona   uint16
	index     int32
	_         [2]uint64
}

type cqe struct {
	data  uint64
	res   int32
	flags uint32
}

type ring struct {
	fd     int
	p      params
	mem    []byte
	sqes   []byte
	queued uint32
}

// kept holds what requests point to: the heap does not move, and it is not freed.
var kept []any

func addr[T any](p *T) uint64 {
	kept = append(kept, p)
	return uint64(uintptr(unsafe.Pointer(p)))
}

func buffer(n int) ([]byte, uint64) {
	b := make([]byte, n)
	return b, addr(&b[0])
}

func cstr(s string) uint64 {
	b := append([]byte(s), 0)
	return addr(&b[0])
}

func setup(n uint32, p *params) (int, error) {
	fd, _, e := unix.Syscall(unix.SYS_IO_URING_SETUP, uintptr(n), uintptr(unsafe.Pointer(p)), 0)
	if e != 0 {
		return -1, e
	}
	return int(fd), nil
}

func newRing(n uint32, flags uint32) *ring {
	r := &ring{p: params{flags: flags}}
	var err error
	if r.fd, err = setup(n, &r.p); err != nil {
		fmt.Println("setup", err)
		return nil
	}
	size := max(int(r.p.sq.g+r.p.sqEntries*4), int(r.p.cq.f+r.p.cqEntries*16))
	if r.mem, err = unix.Mmap(r.fd, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_POPULATE); err != nil {
		fmt.Println("mmap", err)
	}
	if r.sqes, err = unix.Mmap(r.fd, 0x10000000, int(r.p.sqEntries)*64, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_POPULATE); err != nil {
		fmt.Println("mmap entries", err)
	}
	return r
}

func (r *ring) word(off uint32) *atomic.Uint32 { return (*atomic.Uint32)(unsafe.Pointer(&r.mem[off])) }

// add queues a request.
func (r *ring) add(s sqe) {
	tail := r.word(r.p.sq.b)
	i := tail.Load() & r.word(r.p.sq.mask).Load()
	*(*sqe)(unsafe.Pointer(&r.sqes[i*64])) = s
	r.word(r.p.sq.g + 4*i).Store(i)
	tail.Add(1)
	r.queued++
}

func (r *ring) enter(submit, least, flags uint32) (int, error) {
	n, _, e := unix.Syscall6(unix.SYS_IO_URING_ENTER, uintptr(r.fd), uintptr(submit), uintptr(least), uintptr(flags), 0, 0)
	if e != 0 {
		return -1, e
	}
	return int(n), nil
}

// submit submits what is queued and waits for a number of results.
func (r *ring) submit(least uint32) {
	n, err := r.enter(r.queued, least, 1)
	if err != nil || uint32(n) != r.queued {
		fmt.Println("enter", n, err)
	}
	for n == int(r.queued) && err == nil && r.ready() < least { // a signal of the Go runtime's ended the wait
		r.enter(0, least, 1)
	}
	r.queued = 0
}

// ready counts the results that are there.
func (r *ring) ready() uint32 { return r.word(r.p.cq.b).Load() - r.word(r.p.cq.a).Load() }

// reap takes the results that are there, in the order of their requests' numbers.
func (r *ring) reap() (list []cqe) {
	head := r.word(r.p.cq.a)
	for head.Load() != r.word(r.p.cq.b).Load() {
		list = append(list, *(*cqe)(unsafe.Pointer(&r.mem[r.p.cq.f+head.Load()&r.word(r.p.cq.mask).Load()*16])))
		head.Add(1)
	}
	sort.SliceStable(list, func(i, j int) bool { return list[i].data < list[j].data })
	return list
}

func result(v int32) string {
	if v < 0 {
		return unix.ErrnoName(unix.Errno(-v))
	}
	return fmt.Sprint(v)
}

// show prints the results that are there.
func (r *ring) show(what string) {
	fmt.Print(what, ":")
	for _, c := range r.reap() {
		fmt.Printf(" %d=%s", c.data, result(c.res))
	}
	fmt.Println()
}

// do makes requests, one system call for all, and prints their results.
func (r *ring) do(what string, list ...sqe) {
	for i, s := range list {
		if s.data == 0 {
			s.data = uint64(i + 1)
		}
		r.add(s)
	}
	r.submit(uint32(len(list)))
	r.show(what)
}

func (r *ring) close() {
	unix.Munmap(r.mem)
	unix.Munmap(r.sqes)
	unix.Close(r.fd)
}

//go:uintptrescapes
func (r *ring) register(what string, op, arg, n uintptr) {
	k, _, e := unix.Syscall6(unix.SYS_IO_URING_REGISTER, uintptr(r.fd), op, arg, n, 0, 0)
	if e != 0 {
		fmt.Println("register", what, unix.ErrnoName(e))
		return
	}
	fmt.Println("register", what, k)
}
