//go:build linux

// Test sysvipc prints what System V shared memory, semaphores and message queues answer, alone and between processes.
package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"galago/user/test/internal/raw"
)

const (
	create, excl, nowait = 0o1000, 0o2000, 0o4000
	rmid, set, stat      = 0, 1, 2
)

//go:uintptrescapes
func call(what string, nr uintptr, args ...uintptr) int {
	var a [6]uintptr
	copy(a[:], args)
	r, _, e := unix.Syscall6(nr, a[0], a[1], a[2], a[3], a[4], a[5])
	if e != 0 {
		fmt.Printf("%s: %s\n", what, unix.ErrnoName(e))
		return -1
	}
	if what[0] == '-' { // a number that differs from run to run
		fmt.Printf("%s: OK\n", what[1:])
	} else {
		fmt.Printf("%s: %d\n", what, r)
	}
	return int(r)
}

func main() {
	if len(os.Args) > 1 {
		id, _ := strconv.Atoi(os.Args[2])
		children[os.Args[1]](uintptr(id))
		return
	}
	messages()
	semaphores()
	memory()
}

// child runs a function in another process.
func child(name string, id int) string {
	out, err := exec.Command("/proc/self/exe", name, strconv.Itoa(id)).CombinedOutput()
	return fmt.Sprint(strings.TrimSpace(string(out)), " ", err)
}

// running is a child whose output is shown when it has ended.
type running struct {
	*exec.Cmd
	out bytes.Buffer
}

func start(name string, id int) *running {
	r := &running{Cmd: exec.Command("/proc/self/exe", name, strconv.Itoa(id))}
	r.Stdout = &r.out
	r.Start()
	return r
}

func (r *running) Wait() {
	r.Cmd.Wait()
	fmt.Print(r.out.String())
}

var children = map[string]func(id uintptr){
	"send":   func(id uintptr) { send("child send", int(id), 9, "from the child", 0) },
	"down":   func(id uintptr) { ops("child down", int(id), 0, sembuf{0, -1, 0}) },
	"undo":   func(id uintptr) { ops("child undo", int(id), 0, sembuf{0, 5, 0o10000}, sembuf{1, -1, 0o10000}) },
	"attach": attach,
}

type message struct {
	typ  int64
	text [64]byte
}

func send(what string, id int, typ int64, text string, flags uintptr) {
	m := message{typ: typ}
	copy(m.text[:], text)
	call(what, unix.SYS_MSGSND, uintptr(id), raw.Addr(&m), uintptr(len(text)), flags)
}

func receive(what string, id int, typ int64, size, flags uintptr) {
	var m message
	n := call(what, unix.SYS_MSGRCV, uintptr(id), raw.Addr(&m), size, uintptr(typ), flags)
	if n >= 0 {
		fmt.Printf("  type %d %q\n", m.typ, m.text[:n])
	}
}

func messages() {
	const key = 0x4711
	call("msgget absent", unix.SYS_MSGGET, key, 0)
	id := call("-msgget", unix.SYS_MSGGET, key, create|0o600)
	again := call("-msgget again", unix.SYS_MSGGET, key, create|0o600)
	fmt.Println("same", id == again)
	call("msgget exclusive", unix.SYS_MSGGET, key, create|excl|0o600)
	receive("receive nothing", id, 0, 64, nowait)
	send("send type 0", id, 0, "x", 0)
	send("send", id, 3, "three", 0)
	send("send", id, 1, "one", 0)
	send("send", id, 2, "two", 0)
	send("send empty", id, 5, "", 0)
	receive("too long", id, 0, 2, nowait)
	receive("cut", id, 0, 2, nowait|0o10000)
	receive("lowest up to 4", id, -4, 64, nowait)
	receive("not type 2", id, 2, 64, nowait|0o20000)
	receive("type 7", id, 7, 64, nowait)
	receive("copy 0", id, 0, 64, nowait|0o40000)
	receive("copy 5", id, 5, 64, nowait|0o40000)
	receive("copy that waits", id, 0, 64, 0o40000)
	receive("first", id, 0, 64, 0)
	var ds [15]uint64
	call("stat", unix.SYS_MSGCTL, uintptr(id), stat, raw.Addr(&ds))
	fmt.Printf("  bytes %d messages %d limit %d\n", ds[9], ds[10], ds[11])
	c := start("send", id)
	receive("wait for the child", id, 9, 64, 0)
	c.Wait()
	big := make([]byte, 8+8192)
	big[0] = 1
	call("send the longest", unix.SYS_MSGSND, uintptr(id), raw.Addr(&big[0]), 8192, nowait)
	call("send it again", unix.SYS_MSGSND, uintptr(id), raw.Addr(&big[0]), 8192, nowait)
	call("queue is full", unix.SYS_MSGSND, uintptr(id), raw.Addr(&big[0]), 8192, nowait)
	call("too long", unix.SYS_MSGSND, uintptr(id), raw.Addr(&big[0]), 8193, nowait)
	call("bad address", unix.SYS_MSGSND, uintptr(id), 16, 5, nowait)
	call("receive to a bad address", unix.SYS_MSGRCV, uintptr(id), 16, 8192, 0, nowait)
	call("negative size", unix.SYS_MSGRCV, uintptr(id), raw.Addr(&big[0]), ^uintptr(0), 0, nowait)
	call("remove", unix.SYS_MSGCTL, uintptr(id), rmid, 0)
	call("remove again", unix.SYS_MSGCTL, uintptr(id), rmid, 0)
	call("bad command", unix.SYS_MSGCTL, 0, 77, 0)
	id = call("-msgget private", unix.SYS_MSGGET, 0, 0o600)
	go func() {
		time.Sleep(50 * time.Millisecond)
		unix.Syscall(unix.SYS_MSGCTL, uintptr(id), rmid, 0)
	}()
	receive("removed while waiting", id, 0, 64, 0)
}

type sembuf struct {
	num   uint16
	op    int16
	flags int16
}

func ops(what string, id int, timeout time.Duration, list ...sembuf) {
	if timeout > 0 {
		ts := unix.NsecToTimespec(int64(timeout))
		call(what, unix.SYS_SEMTIMEDOP, uintptr(id), raw.Addr(&list[0]), uintptr(len(list)), raw.Addr(&ts))
		return
	}
	call(what, unix.SYS_SEMOP, uintptr(id), raw.Addr(&list[0]), uintptr(len(list)))
}

func ctl(what string, id, num, cmd int, arg uintptr) int {
	return call(what, unix.SYS_SEMCTL, uintptr(id), uintptr(num), uintptr(cmd), arg)
}

func semaphores() {
	const getpid, getval, getall, getncnt, getzcnt, setval, setall = 11, 12, 13, 14, 15, 16, 17
	const key = 0x4712
	call("semget none", unix.SYS_SEMGET, key, 0, create|0o600)
	call("semget too many", unix.SYS_SEMGET, key, 40000, create|0o600)
	id := call("-semget", unix.SYS_SEMGET, key, 3, create|0o600)
	call("semget larger", unix.SYS_SEMGET, key, 4, 0o600)
	ctl("getval", id, 0, getval, 0)
	ctl("setval", id, 0, setval, 2)
	ctl("setval too large", id, 0, setval, 40000)
	ctl("setval no such", id, 3, setval, 1)
	values := [3]uint16{1, 2, 3}
	ctl("setall", id, 0, setall, raw.Addr(&values))
	ops("all or nothing", id, 0, sembuf{0, -1, nowait}, sembuf{1, -5, nowait})
	values = [3]uint16{}
	ctl("getall", id, 0, getall, raw.Addr(&values))
	fmt.Println(" ", values)
	ops("two at once", id, 0, sembuf{0, -1, 0}, sembuf{1, -1, 0})
	ops("zero is reached", id, 0, sembuf{0, 0, 0})
	ops("zero is not reached", id, 0, sembuf{1, 0, nowait})
	ops("no such semaphore", id, 0, sembuf{3, 1, 0})
	ops("overflow", id, 0, sembuf{2, 32767, 0})
	call("no operations", unix.SYS_SEMOP, uintptr(id), 0, 0)
	call("too many operations", unix.SYS_SEMOP, uintptr(id), raw.Addr(&values), 501)
	call("bad address", unix.SYS_SEMOP, uintptr(id), 16, 1)
	ops("timeout", id, 20*time.Millisecond, sembuf{0, -1, 0})
	c := start("down", id)
	for ctlQuiet(id, getncnt) == 0 {
		time.Sleep(time.Millisecond)
	}
	ctl("waiting for more", id, 0, getncnt, 0)
	ctl("waiting for zero", id, 0, getzcnt, 0)
	ops("up", id, 0, sembuf{0, 1, 0})
	c.Wait()
	ctl("value", id, 0, getval, 0)
	fmt.Println(child("undo", id))
	ctl("after the undo", id, 0, getval, 0)
	ctl("after the undo", id, 1, getval, 0)
	var ds [13]uint64
	ctl("stat", id, 0, stat, raw.Addr(&ds))
	fmt.Println("  semaphores", ds[10])
	c = start("down", id)
	for ctlQuiet(id, getncnt) == 0 {
		time.Sleep(time.Millisecond)
	}
	ctl("remove", id, 0, rmid, 0)
	c.Wait()
	ctl("removed", id, 0, getval, 0)
	ops("removed", id, 0, sembuf{0, 1, 0})
	ctl("bad command", id, 0, 99, 0)
}

func ctlQuiet(id, cmd int) uintptr {
	r, _, _ := unix.Syscall6(unix.SYS_SEMCTL, uintptr(id), 0, uintptr(cmd), 0, 0, 0)
	return r
}

// at converts an address of mapped memory to a pointer.
func at(a uintptr) *[1 << 20]byte { return *(**[1 << 20]byte)(unsafe.Pointer(&a)) }

func attach(id uintptr) {
	a := call("-child shmat", unix.SYS_SHMAT, id, 0, 0)
	p := at(uintptr(a))
	fmt.Printf("child reads %q\n", p[:5])
	copy(p[5000:], "world")
	call("child attach read-only", unix.SYS_SHMAT, id, 0x10000001, 0o10000)
	call("child shmdt", unix.SYS_SHMDT, uintptr(a))
	call("child shmdt again", unix.SYS_SHMDT, uintptr(a))
}

func attached(id int) uint64 {
	var ds [14]uint64
	unix.Syscall(unix.SYS_SHMCTL, uintptr(id), stat, raw.Addr(&ds))
	return ds[11]
}

func memory() {
	const key = 0x4713
	call("shmget empty", unix.SYS_SHMGET, key, 0, create|0o600)
	id := call("-shmget", unix.SYS_SHMGET, key, 10000, create|0o600)
	call("shmget larger", unix.SYS_SHMGET, key, 20000, 0o600)
	call("shmget exclusive", unix.SYS_SHMGET, key, 10000, create|excl)
	a := call("-shmat", unix.SYS_SHMAT, uintptr(id), 0, 0)
	copy(at(uintptr(a))[:], "hello")
	fmt.Println("attached", attached(id))
	fmt.Println(child("attach", id))
	fmt.Printf("%q\n", at(uintptr(a))[5000:5005])
	b := call("-shmat again", unix.SYS_SHMAT, uintptr(id), 0, 0o10000)
	fmt.Printf("%q attached %d\n", at(uintptr(b))[:5], attached(id))
	call("shmat over itself", unix.SYS_SHMAT, uintptr(id), uintptr(a), 0)
	call("shmat misaligned", unix.SYS_SHMAT, uintptr(id), uintptr(a)+1, 0)
	call("-shmat remapped", unix.SYS_SHMAT, uintptr(id), uintptr(b), 0o40000)
	fmt.Println("attached", attached(id))
	var ds [14]uint64
	call("stat", unix.SYS_SHMCTL, uintptr(id), stat, raw.Addr(&ds))
	fmt.Println("  size", ds[6])
	call("remove", unix.SYS_SHMCTL, uintptr(id), rmid, 0)
	call("shmget after removal", unix.SYS_SHMGET, key, 10000, 0)
	fmt.Printf("still there %q attached %d\n", at(uintptr(a))[:5], attached(id))
	call("shmdt", unix.SYS_SHMDT, uintptr(a))
	call("shmdt", unix.SYS_SHMDT, uintptr(b))
	call("gone", unix.SYS_SHMCTL, uintptr(id), stat, raw.Addr(&ds))
	call("shmdt of nothing", unix.SYS_SHMDT, uintptr(b))
	call("shmat of nothing", unix.SYS_SHMAT, 1<<30, 0, 0)
}
