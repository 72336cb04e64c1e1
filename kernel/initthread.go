//go:build galago

package main

import (
	"unsafe"

	"galago/arch"
	"galago/drivers/ahci"
	"galago/drivers/pci"
	"galago/drivers/rtc"
	"galago/drivers/uart"
	"galago/drivers/virtio/blk"
	"galago/drivers/virtio/console"
	"galago/kernel/block"
	"galago/kernel/errno"
	"galago/kernel/fs/devfs"
	"galago/kernel/fs/devpts"
	"galago/kernel/fs/galfs"
	"galago/kernel/fs/procfs"
	"galago/kernel/fs/tmpfs"
	"galago/kernel/ipc"
	"galago/kernel/ipc/aio"
	"galago/kernel/klog"
	"galago/kernel/ktest/suite"
	"galago/kernel/mem"
	"galago/kernel/net"
	"galago/kernel/net/unix"
	"galago/kernel/oops"
	"galago/kernel/proc"
	"galago/kernel/sched"
	"galago/kernel/syscall"
	"galago/kernel/time"
	"galago/kernel/tty"
	"galago/kernel/vfs"
	"galago/kernel/vm"
	"galago/kernel/vm/pagecache"
)

// initThread does the part of the boot that needs threads, then becomes process 1.
func initThread(unsafe.Pointer) {
	sched.StartWorkers()
	proc.Init()
	proc.OnInitExit = initEnded
	ipc.OnBrokenPipe = proc.BrokenPipe
	ipc.InitFileLocks()
	ipc.RegisterKinds()
	must("net settings", net.InitSettings())
	unix.Init()
	syscall.InitSysV()
	net.OnBrokenPipe, net.PID, net.PIDExists, net.Cred = proc.BrokenPipe, proc.CurrentPID, proc.Exists, proc.CurrentCred
	syscall.PowerOff, syscall.Restart = powerOff, reboot
	oops.RebootAfter = numberOption("panic", -1)
	vfs.Start()
	proc.InitProcFS()
	procfs.CommandLine = info.Cmdline()
	must("page cache", pagecache.Start(mem.Stats().Total))
	must("page-out", vm.StartPageOut())
	setWallClock()
	must("vdso", vm.InitVDSO())
	registerFileSystems()
	probeDevices()
	if flag("ktest") {
		runTests()
	}
	must("sysfs", procfs.StartSysFS())
	t := mountRoot()
	must("devfs", devfs.Init())
	startTerminals()
	mountDev(t)
	openConsole(t)
	startInit(t)
}

// runTests runs the in-kernel tests whose names contain the value of ktest= and leaves: exit codes 0x10 and 0x11 of QEMU's debug exit device
// say whether all have passed.
func runTests() {
	const passed, failed = 0x10, 0x11
	code := uint32(passed)
	if suite.Run(option("ktest")) != 0 {
		code = failed
	}
	arch.DebugExit(code)
	powerOff()
}

// setWallClock takes the time of day from the real-time clock.
func setWallClock() {
	if sec, ok := rtc.Now(tables.Century); ok {
		time.SetWall(sec, 0)
	} else {
		klog.Warnf("no time of day")
	}
}

// must stops the boot when a step without which nothing works has failed.
func must(what string, e errno.Errno) {
	if e != errno.OK {
		klog.Log(klog.Emerg, "%s: %s", what, e.Name())
		panic("the boot cannot go on")
	}
}

func initEnded(status int) {
	klog.Log(klog.Emerg, "process 1 ended with wait status %x", status)
	panic("process 1 ended")
}

func registerFileSystems() {
	must("tmpfs", vfs.Register(&tmpfs.Type))
	must("tmpfs for files without a name", tmpfs.MountUnnamed())
	must("procfs", vfs.Register(&procfs.Type))
	must("sysfs", vfs.Register(&procfs.SysType))
	must("devtmpfs", vfs.Register(&devfs.Type))
	must("devpts", vfs.Register(&devpts.Type))
	must("mqueue", syscall.InitMQueue())
	aio.Init()
	must("galfs", galfs.Register())
	registerSysrq()
	must("settings", proc.RegisterSettings())
}

// probeDevices finds what is on the PCI buses and starts its drivers.
func probeDevices() {
	ahci.Register()
	blk.Register()
	console.Register()
	c := pci.Config{ECAM: tables.ECAM, FirstBus: int(tables.ECAMStart), LastBus: int(tables.ECAMEnd), Hole: mmioHole, HoleEnd: mmioHoleEnd}
	switch {
	case tables.ECAM == 0:
		c.LastBus = 255
	case tables.ECAM >= mmioHole && tables.ECAM < mmioHoleEnd: // QEMU's microvm, whose hole is below it
		c.Hole, c.HoleEnd = lowHole, mmioHole
	}
	if e := pci.Init(c); e != 0 {
		klog.Warnf("pci: %s", e.Name())
		return
	}
	pci.Probe()
}

// Addresses for devices that firmware left without one: the usual hole below the I/O APIC.
const (
	lowHole     = 0xc0000000
	mmioHole    = 0xe0000000
	mmioHoleEnd = 0xfec00000
)

// mountRoot mounts the root file system (root=, rootfstype=, ro) and makes process 1 with it.
func mountRoot() *proc.Task {
	spec := option("root")
	fsname := option("rootfstype")
	var dev *block.Device
	switch {
	case spec == "":
		fsname = "tmpfs"
	default:
		if fsname == "" {
			fsname = "galfs"
		}
		if dev = block.Find(spec); dev == nil {
			listDevices()
			klog.Log(klog.Emerg, "no device for root=%s", spec)
			panic("no root file system")
		}
	}
	typ := vfs.FindFSType(fsname)
	if typ == nil {
		panic("unknown rootfstype")
	}
	var flags uint32
	if flag("ro") {
		flags |= vfs.MS_RDONLY
	}
	root, e := vfs.MountRoot(typ, dev, flags, "", spec)
	must("mounting the root file system", e)
	t, e := proc.NewInit(root)
	must("process 1", e)
	return t
}

// startTerminals readies the serial ports and names the console (console=).
func startTerminals() {
	tty.Processes = theJobs
	uart.Init()
	if name := option("console"); name != "" && !tty.SetConsole(name) {
		klog.Warnf("console=%s: no such terminal", name)
	}
	if e := tty.Publish(); e != 0 {
		klog.Warnf("terminals: %s", e.Name())
	}
	if e := console.AddNodes(); e != 0 {
		klog.Warnf("hvc: %s", e.Name())
	}
}

func mountDev(t *proc.Task) {
	if e := vfs.MountFS(&t.Ctx, "devtmpfs", "/dev", "devtmpfs", 0, ""); e != 0 {
		klog.Warnf("mounting /dev: %s", e.Name())
	}
}

func listDevices() {
	block.Each(func(d *block.Device) bool {
		klog.Printf("block device %s: %d sectors", d.Name, d.Sectors)
		return true
	})
}

// openConsole gives process 1 its standard descriptors.
func openConsole(t *proc.Task) {
	ctx := &t.Ctx
	f, e := vfs.Open(ctx, vfs.AtFDCWD, "/dev/console", vfs.O_RDWR, 0)
	if e != 0 {
		klog.Warnf("no console: %s", e.Name())
		return
	}
	for range 3 {
		f.Get()
		if _, e := ctx.Files.Add(f, 0, t.Proc.FileLimit(), false); e != 0 {
			f.Put()
		}
	}
	f.Put()
}

// startInit runs the program of process 1: init=, or the usual places.
func startInit(t *proc.Task) {
	candidates := [...]string{option("init"), "/sbin/init", "/etc/init", "/bin/init", "/bin/sh"}
	var args proc.Args
	var envp = [...]string{"HOME=/", "TERM=linux", "PATH=/bin:/sbin:/usr/bin:/usr/sbin"}
	args.Envp = envp[:]
	for i, path := range candidates {
		if path == "" {
			continue
		}
		copy(initArgs[1:], initArgs[:nArgs])
		initArgs[0] = path
		args.Argv = initArgs[:nArgs+1]
		e := t.Exec(&initFrame, vfs.AtFDCWD, path, 0, &args)
		if e == 0 {
			klog.Printf("running %s as process 1", path)
			arch.EnterUser(&initFrame)
		}
		copy(initArgs[:], initArgs[1:])
		if i == 0 {
			klog.Log(klog.Err, "init=%s: %s", path, e.Name())
		}
	}
	panic("no init program found: try init=")
}

var initFrame arch.Frame
