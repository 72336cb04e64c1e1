//go:build linux

// Test procfiles reads what /proc and /sys say of processes, threads and the machine, as ps, top and runtimes do, and checks the form and the facts that
// are known.
package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

func main() {
	runtime.LockOSThread()
	stat()
	status()
	threads()
	links()
	tables()
	vector()
	permissions()
	system()
	sysctls()
	sysfs()
}

func read(name string) string {
	b, err := os.ReadFile(name)
	if err != nil {
		fmt.Println(name, err)
	}
	return string(b)
}

// stat parses /proc/self/stat as every ps does.
func stat() {
	text := read("/proc/self/stat")
	open, end := strings.Index(text, "("), strings.LastIndex(text, ")")
	pid, _ := strconv.Atoi(strings.TrimSpace(text[:open]))
	f := strings.Fields(text[end+1:])
	fmt.Println("stat", pid == os.Getpid(), text[open:end+1], f[0], len(f))
	ppid, _ := strconv.Atoi(f[1])
	threads, _ := strconv.Atoi(f[17])
	fmt.Println("parent", ppid == os.Getppid(), "threads", threads > 1, "priority", f[15], f[16], "policy", f[38])
	fmt.Println("statm", len(strings.Fields(read("/proc/self/statm"))))
}

func status() {
	got := map[string]string{}
	for _, l := range strings.Split(read("/proc/self/status"), "\n") {
		if k, v, ok := strings.Cut(l, ":\t"); ok {
			got[k] = v
		}
	}
	for _, k := range []string{"Name", "Umask", "Ngid", "TracerPid", "Uid", "Gid", "NoNewPrivs", "ShdPnd", "SigPnd", "CapAmb"} {
		fmt.Printf("%s %q\n", k, got[k])
	}
	for _, k := range []string{"Tgid", "Pid"} {
		fmt.Println(k, got[k] == strconv.Itoa(os.Getpid()))
	}
	for _, k := range []string{"VmPeak", "VmSize", "VmRSS", "VmHWM", "VmData", "VmStk", "VmExe", "RssAnon", "Threads", "SigQ", "SigBlk", "SigIgn", "SigCgt",
		"CapEff", "CapBnd", "Cpus_allowed", "Cpus_allowed_list", "voluntary_ctxt_switches", "nonvoluntary_ctxt_switches", "FDSize", "Groups"} {
		if _, ok := got[k]; !ok {
			fmt.Println("no", k)
		}
	}
}

// threads looks at the directories of threads.
func threads() {
	done, ready := make(chan bool), make(chan int)
	go func() {
		runtime.LockOSThread()
		name := []byte("a thread\x00")
		unix.Prctl(unix.PR_SET_NAME, uintptr(ptr(name)), 0, 0, 0)
		ready <- unix.Gettid()
		<-done
	}()
	tid := <-ready
	dir := fmt.Sprintf("/proc/self/task/%d", tid)
	fmt.Printf("comm %q %q\n", read(dir+"/comm"), read("/proc/self/comm"))
	f := strings.Fields(read(dir + "/stat"))
	fmt.Println("stat", f[0] == strconv.Itoa(tid), f[1], f[2])
	for _, l := range strings.Split(read(dir+"/status"), "\n") {
		switch k, v, _ := strings.Cut(l, ":\t"); k {
		case "Name":
			fmt.Println(k, v)
		case "Pid":
			fmt.Println(k, v == strconv.Itoa(tid))
		case "Tgid":
			fmt.Println(k, v == strconv.Itoa(os.Getpid()))
		}
	}
	fmt.Println("write", os.WriteFile(dir+"/comm", []byte("renamed"), 0))
	fmt.Printf("comm %q %q\n", read(dir+"/comm"), read("/proc/self/comm"))
	list, _ := os.ReadDir("/proc/self/task")
	found, sorted := false, true
	for i, e := range list {
		found = found || e.Name() == strconv.Itoa(tid)
		sorted = sorted && e.IsDir() && (i == 0 || e.Name() != list[i-1].Name())
	}
	fmt.Println("listed", found, sorted)
	_, err := os.Stat("/proc/self/task/1")
	fmt.Println("stranger", err)
	_, err = os.Stat(dir + "/task")
	fmt.Println("nested", os.IsNotExist(err))
	target, _ := os.Readlink("/proc/thread-self")
	fmt.Println("thread-self", target == fmt.Sprintf("%d/task/%d", os.Getpid(), unix.Gettid()))
	call := strings.Fields(read("/proc/self/task/" + strconv.Itoa(tid) + "/syscall"))
	fmt.Println("syscall", len(call) == 9 && call[0] == strconv.Itoa(unix.SYS_FUTEX) || call[0] == "running")
	close(done)
}

func links() {
	self, _ := os.Executable()
	exe, err := os.Readlink("/proc/self/exe")
	fmt.Println("exe", exe == self, err)
	cwd, _ := os.Getwd()
	got, _ := os.Readlink("/proc/self/cwd")
	fmt.Println("cwd", got == cwd)
	root, _ := os.Readlink("/proc/self/root")
	fmt.Println("root", root)
	f, _ := os.Create("open file")
	name, _ := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", f.Fd()))
	fmt.Println("fd", filepath.Base(name))
	os.Remove("open file")
	name, _ = os.Readlink(fmt.Sprintf("/proc/self/fd/%d", f.Fd()))
	fmt.Println("fd", filepath.Base(name))
	f.Close()
	fmt.Printf("cmdline %q\n", filepath.Base(strings.TrimRight(read("/proc/self/cmdline"), "\x00")))
}

// tables checks the form of the tables a line at a time.
func tables() {
	for _, t := range []struct{ name, form string }{
		{"/proc/self/maps", `^[0-9a-f]{8,}-[0-9a-f]{8,} [r-][w-][x-][ps] [0-9a-f]{8} [0-9a-f]{2,}:[0-9a-f]{2,} \d+( +\S.*| )?$`},
		{"/proc/self/mountinfo", `^\d+ \d+ \d+:\d+ /\S* /\S* r[wo]\S*( \S+:\S+)* - \S+ \S+ r[wo]\S*$`},
		{"/proc/self/mounts", `^\S+ /\S* \S+ r[wo]\S* 0 0$`},
		{"/proc/self/limits", `^(Limit|Max [a-z ]+[a-z]) +(Soft Limit|unlimited|\d+) +(Hard Limit|unlimited|\d+) +[A-Za-z]* *$`},
		{"/proc/vmstat", `^\w+ \d+$`},
		{"/proc/filesystems", `^(nodev)?\t\w+$`},
		{"/proc/uptime", `^\d+\.\d\d \d+\.\d\d$`},
		{"/proc/loadavg", `^\d+\.\d\d \d+\.\d\d \d+\.\d\d \d+/\d+ \d+$`},
		{"/proc/self/cgroup", `^\d+:\S*:/.*$`},
		{"/proc/swaps", `^(Filename\s+Type\s+Size\s+Used\s+Priority|/.*)$`},
	} {
		form, bad := regexp.MustCompile(t.form), 0
		lines := strings.Split(strings.TrimSuffix(read(t.name), "\n"), "\n")
		for _, l := range lines {
			if !form.MatchString(l) {
				if bad++; bad == 1 {
					fmt.Printf("%s: %q\n", t.name, l)
				}
			}
		}
		fmt.Println(t.name, len(lines) > 0, bad)
	}
}

// vector looks into the auxiliary vector.
func vector() {
	b, err := os.ReadFile("/proc/self/auxv")
	got := map[uint64]uint64{}
	for ; len(b) >= 16; b = b[16:] {
		got[binary.LittleEndian.Uint64(b)] = binary.LittleEndian.Uint64(b[8:])
	}
	fmt.Println("auxv", err, got[6], got[11], got[17], got[25] != 0, len(b))
	fmt.Printf("personality %q\n", read("/proc/self/personality"))
}

// permissions looks at root's process as somebody else.
func permissions() {
	runtime.LockOSThread()
	if os.Getuid() != 0 {
		return
	}
	pid := strconv.Itoa(os.Getppid())
	unix.RawSyscall(unix.SYS_SETRESUID, 1000, 1000, 1000)
	for _, name := range []string{"environ", "maps", "auxv", "syscall", "mem", "stat", "status", "cmdline", "mountinfo"} {
		f, err := os.Open("/proc/" + pid + "/" + name)
		if err == nil {
			_, err = f.Read(make([]byte, 1))
			f.Close()
		}
		fmt.Println(name, errnoOf(err))
	}
	for _, name := range []string{"exe", "cwd", "fd/0"} {
		_, err := os.Readlink("/proc/" + pid + "/" + name)
		fmt.Println(name, errnoOf(err))
	}
	_, err := os.ReadDir("/proc/" + pid + "/fd")
	fmt.Println("fd", errnoOf(err))
}

func errnoOf(err error) string {
	for e := err; e != nil; {
		switch x := e.(type) {
		case *os.PathError:
			e = x.Err
		case *os.SyscallError:
			e = x.Err
		case syscall.Errno:
			return unix.ErrnoName(x)
		default:
			return e.Error()
		}
	}
	return "ok"
}

// system checks that files of the system have the lines that programs look for.
func system() {
	for name, words := range map[string]string{
		"/proc/meminfo":     "MemTotal: MemFree: MemAvailable: Buffers: Cached: SwapTotal: SwapFree: Dirty: AnonPages: Mapped: Shmem: Slab:",
		"/proc/stat":        "cpu cpu0 ctxt btime processes procs_running procs_blocked",
		"/proc/cpuinfo":     "processor vendor_id flags",
		"/proc/version":     "version",
		"/proc/vmstat":      "nr_free_pages pgpgin pgpgout pswpin pswpout",
		"/proc/filesystems": "proc sysfs tmpfs",
	} {
		text := " " + strings.Join(strings.Fields(read(name)), " ") + " "
		for _, w := range strings.Fields(words) {
			if !strings.Contains(text, " "+w+" ") {
				fmt.Println(name, "has no", w)
			}
		}
	}
	ticks := 0
	for _, l := range strings.Split(read("/proc/stat"), "\n") {
		if f := strings.Fields(l); len(f) > 0 && f[0] == "cpu" {
			ticks = len(f)
		}
	}
	fmt.Println("cpu", ticks)
}

func sysctls() {
	for _, name := range []string{"kernel/ostype", "kernel/cap_last_cap", "kernel/overflowuid", "kernel/overflowgid", "kernel/ngroups_max"} {
		fmt.Print(name, " ", read("/proc/sys/"+name))
	}
	uuid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\n$`)
	a, b := read("/proc/sys/kernel/random/uuid"), read("/proc/sys/kernel/random/uuid")
	fmt.Println("uuid", uuid.MatchString(a), a != b)
	a, b = read("/proc/sys/kernel/random/boot_id"), read("/proc/sys/kernel/random/boot_id")
	fmt.Println("boot_id", uuid.MatchString(a), a == b)
	for _, name := range []string{"kernel/pid_max", "kernel/threads-max", "fs/nr_open", "vm/max_map_count", "kernel/random/entropy_avail"} {
		n, err := strconv.ParseInt(strings.TrimSpace(read("/proc/sys/"+name)), 10, 64)
		fmt.Println(name, n > 0, err)
	}
}

func sysfs() {
	var st unix.Statfs_t
	fmt.Println("statfs", unix.Statfs("/sys", &st), st.Type == unix.SYSFS_MAGIC)
	online := strings.TrimSpace(read("/sys/devices/system/cpu/online"))
	fmt.Println("online", regexp.MustCompile(`^0(-\d+)?$`).MatchString(online), online == strings.TrimSpace(read("/sys/devices/system/cpu/present")))
	fmt.Print("core ", read("/sys/devices/system/cpu/cpu0/topology/core_id"))
	if err := os.WriteFile("/sys/devices/system/cpu/online", []byte("1"), 0o644); err != nil {
		fmt.Println("write", errnoOf(err))
	}
	names, _ := filepath.Glob("/sys/devices/system/cpu/cpu[0-9]*")
	fmt.Println("cpus", len(names) >= runtime.NumCPU())
	list, err := os.ReadDir("/sys/class")
	var classes []string
	for _, e := range list {
		if e.Name() == "block" || e.Name() == "tty" {
			classes = append(classes, e.Name())
		}
	}
	sort.Strings(classes)
	fmt.Println("classes", classes, err)
}
