//go:build linux

// Test creds prints what prctl, capabilities, user IDs and limits answer. It starts as the superuser.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

//go:uintptrescapes
func call(name string, nr uintptr, args ...uintptr) uintptr {
	var a [6]uintptr
	copy(a[:], args)
	r, _, e := unix.RawSyscall6(nr, a[0], a[1], a[2], a[3], a[4], a[5])
	if e != 0 {
		fmt.Printf("%s: %s\n", name, unix.ErrnoName(e))
	} else {
		fmt.Printf("%s: %d\n", name, r)
	}
	return r
}

//go:uintptrescapes
func prctl(name string, args ...uintptr) { call("prctl "+name, unix.SYS_PRCTL, args...) }

type header struct {
	version uint32
	pid     int32
}

type data struct{ effective, permitted, inheritable uint32 }

func caps(name string) (d [2]data) {
	h := header{0x20080522, 0}
	call("capget "+name, unix.SYS_CAPGET, uintptr(unsafe.Pointer(&h)), uintptr(unsafe.Pointer(&d)))
	fmt.Printf("  low words %x %x %x\n", d[0].effective&0xff, d[0].permitted&0xff, d[0].inheritable&0xff)
	return d
}

func setCaps(name string, d [2]data) {
	h := header{0x20080522, 0}
	call("capset "+name, unix.SYS_CAPSET, uintptr(unsafe.Pointer(&h)), uintptr(unsafe.Pointer(&d)))
}

func main() {
	runtime.LockOSThread() // credentials are the thread's; the program ends with it
	if len(os.Args) > 1 {
		caps("after exec")
		fmt.Println("ids", os.Getuid(), os.Geteuid())
		return
	}
	attributes()
	versions()
	limits()
	identities()
	setCaps("raise again", [2]data{{0xff, 0xff, 0}, {}})
}

func attributes() {
	var out int32
	p := uintptr(unsafe.Pointer(&out))
	prctl("SET_NAME", unix.PR_SET_NAME, uintptr(unsafe.Pointer(&[]byte("a name that is much too long\x00")[0])))
	var name [16]byte
	prctl("GET_NAME", unix.PR_GET_NAME, uintptr(unsafe.Pointer(&name)))
	fmt.Printf("  %q\n", name)
	prctl("SET_PDEATHSIG 65", unix.PR_SET_PDEATHSIG, 65)
	prctl("SET_PDEATHSIG", unix.PR_SET_PDEATHSIG, 15)
	prctl("GET_PDEATHSIG", unix.PR_GET_PDEATHSIG, p)
	fmt.Println(" ", out)
	prctl("SET_PDEATHSIG 0", unix.PR_SET_PDEATHSIG, 0)
	prctl("GET_DUMPABLE", unix.PR_GET_DUMPABLE)
	prctl("SET_DUMPABLE 2", unix.PR_SET_DUMPABLE, 2)
	prctl("SET_DUMPABLE 0", unix.PR_SET_DUMPABLE, 0)
	prctl("GET_DUMPABLE", unix.PR_GET_DUMPABLE)
	prctl("SET_DUMPABLE 1", unix.PR_SET_DUMPABLE, 1)
	prctl("GET_KEEPCAPS", unix.PR_GET_KEEPCAPS)
	prctl("SET_KEEPCAPS 2", unix.PR_SET_KEEPCAPS, 2)
	prctl("GET_TIMING", unix.PR_GET_TIMING)
	prctl("SET_TIMERSLACK", unix.PR_SET_TIMERSLACK, 1234)
	prctl("GET_TIMERSLACK", unix.PR_GET_TIMERSLACK)
	prctl("SET_TIMERSLACK 0", unix.PR_SET_TIMERSLACK, 0)
	prctl("GET_TIMERSLACK", unix.PR_GET_TIMERSLACK)
	prctl("SET_CHILD_SUBREAPER", unix.PR_SET_CHILD_SUBREAPER, 1)
	prctl("GET_CHILD_SUBREAPER", unix.PR_GET_CHILD_SUBREAPER, p)
	fmt.Println(" ", out)
	prctl("CAPBSET_READ", unix.PR_CAPBSET_READ, unix.CAP_SYS_ADMIN)
	prctl("CAPBSET_READ 64", unix.PR_CAPBSET_READ, 64)
	prctl("CAPBSET_DROP", unix.PR_CAPBSET_DROP, unix.CAP_SYS_MODULE)
	prctl("CAPBSET_READ dropped", unix.PR_CAPBSET_READ, unix.CAP_SYS_MODULE)
	prctl("GET_SECUREBITS", unix.PR_GET_SECUREBITS)
	prctl("SET_SECUREBITS unknown", unix.PR_SET_SECUREBITS, 1<<20)
	prctl("GET_NO_NEW_PRIVS", unix.PR_GET_NO_NEW_PRIVS)
	prctl("SET_NO_NEW_PRIVS 0", unix.PR_SET_NO_NEW_PRIVS, 0)
	prctl("CAP_AMBIENT_IS_SET", unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_IS_SET, unix.CAP_CHOWN)
	prctl("CAP_AMBIENT_RAISE not inheritable", unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_RAISE, unix.CAP_CHOWN)
	prctl("unknown", 9999)
}

func versions() {
	h := header{1, 0}
	var d [2]data
	call("capget wrong version", unix.SYS_CAPGET, uintptr(unsafe.Pointer(&h)), uintptr(unsafe.Pointer(&d)))
	fmt.Printf("  %x\n", h.version)
	h = header{0x20080522, 1 << 20}
	call("capget no process", unix.SYS_CAPGET, uintptr(unsafe.Pointer(&h)), uintptr(unsafe.Pointer(&d)))
	h.pid = -1
	call("capget negative", unix.SYS_CAPGET, uintptr(unsafe.Pointer(&h)), uintptr(unsafe.Pointer(&d)))
	call("capget nil", unix.SYS_CAPGET, 0, 0)
}

func limits() {
	var old unix.Rlimit
	call("prlimit bad resource", unix.SYS_PRLIMIT64, 0, 99, 0, uintptr(unsafe.Pointer(&old)))
	bad := unix.Rlimit{Cur: 10, Max: 5}
	call("prlimit soft above hard", unix.SYS_PRLIMIT64, 0, unix.RLIMIT_CORE, uintptr(unsafe.Pointer(&bad)), 0)
	good := unix.Rlimit{Cur: 7, Max: 9}
	call("prlimit", unix.SYS_PRLIMIT64, 0, unix.RLIMIT_CORE, uintptr(unsafe.Pointer(&good)), 0)
	call("getrlimit", unix.SYS_GETRLIMIT, unix.RLIMIT_CORE, uintptr(unsafe.Pointer(&old)))
	fmt.Println(" ", old)
	call("prlimit no process", unix.SYS_PRLIMIT64, 1<<22-5, unix.RLIMIT_CORE, 0, uintptr(unsafe.Pointer(&old)))
}

func identities() {
	caps("root")
	call("setfsuid", unix.SYS_SETFSUID, 1000)
	call("setfsuid back", unix.SYS_SETFSUID, 0)
	call("setfsgid", unix.SYS_SETFSGID, 1000)
	call("setfsgid back", unix.SYS_SETFSGID, 0)
	call("setreuid effective", unix.SYS_SETREUID, ^uintptr(0), 1000)
	caps("effective user 1000")
	call("setreuid back", unix.SYS_SETREUID, ^uintptr(0), 0)
	caps("back")
	prctl("SET_KEEPCAPS", unix.PR_SET_KEEPCAPS, 1)
	call("setresuid", unix.SYS_SETRESUID, 1000, 1000, 1000)
	d := caps("user 1000 with kept capabilities")
	d[0].effective, d[0].inheritable = 3, 3
	setCaps("effective and inheritable", d)
	caps("now")
	prctl("CAP_AMBIENT_RAISE", unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_RAISE, unix.CAP_CHOWN)
	prctl("CAP_AMBIENT_IS_SET", unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_IS_SET, unix.CAP_CHOWN)
	run("ambient")
	prctl("CAP_AMBIENT_CLEAR_ALL", unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL)
	run("none")
	setCaps("drop", [2]data{})
	call("setresuid to root", unix.SYS_SETRESUID, 0, 0, 0)
	call("setfsuid refused", unix.SYS_SETFSUID, 5)
	call("setfsuid refused", unix.SYS_SETFSUID, 5)
	prctl("SET_NO_NEW_PRIVS", unix.PR_SET_NO_NEW_PRIVS, 1)
	prctl("GET_NO_NEW_PRIVS", unix.PR_GET_NO_NEW_PRIVS)
	prctl("CAPBSET_DROP by a user", unix.PR_CAPBSET_DROP, unix.CAP_CHOWN)
	prctl("SET_SECUREBITS by a user", unix.PR_SET_SECUREBITS, 1)
}

func run(what string) {
	out, err := exec.Command("/proc/self/exe", "child").CombinedOutput()
	fmt.Printf("%s: %s%v\n", what, out, err)
}
