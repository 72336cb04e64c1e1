//go:build galago

package main

import (
	"unsafe"

	"galago/arch"
	"galago/drivers/uart"
	"galago/kernel/errno"
	"galago/kernel/fs/tmpfs"
	"galago/kernel/klog"
	"galago/kernel/proc"
	"galago/kernel/sched"
	"galago/kernel/syscall"
	"galago/kernel/uio"
	"galago/kernel/vfs"
)

type consoleOps struct{ vfs.NoFileOps }

func (consoleOps) Write(f *vfs.File, it *uio.Iter, pos int64) (int, int64, errno.Errno) {
	var b [256]byte
	total := 0
	for it.Len() > 0 {
		n, e := it.CopyIn(b[:])
		if e != 0 {
			return total, pos, e
		}
		uart.EarlyWrite(b[:n])
		total += n
	}
	return total, pos, 0
}

func (consoleOps) Read(f *vfs.File, it *uio.Iter, pos int64) (int, errno.Errno) { return 0, 0 }

var theConsole vfs.FileOps = consoleOps{}

func must(what string, e errno.Errno) {
	if e != 0 {
		klog.Errorf("%s: %s", what, e.Name())
		panic("start-up failed")
	}
}

func initThread(unsafe.Pointer) {
	proc.Init()
	sched.StartWorkers()
	vfs.Start()
	syscall.PowerOff, syscall.Restart = powerOff, reboot
	proc.OnInitExit = func(status int) {
		klog.Errorf("init ended, wait status %x", status)
		powerOff()
		panic("init ended")
	}
	root, e := vfs.MountRoot(&tmpfs.Type, nil, 0, "", "tmpfs")
	must("mount", e)
	t, e := proc.NewInit(root)
	must("init", e)
	ctx := &t.Proc.Ctx
	f, e := vfs.Open(ctx, vfs.AtFDCWD, "/init", vfs.O_CREAT|vfs.O_WRONLY, 0o755)
	must("open", e)
	n := int(info.InitrdEnd - info.InitrdStart)
	it := uio.FromKernel(unsafe.Slice((*byte)(unsafe.Pointer(arch.PhysToVirt(info.InitrdStart))), n))
	k, e := f.Write(vfs.NoEscape(&it))
	klog.Printf("wrote %d of %d: %s", k, n, e.Name())
	f.Put()
	must("mkdir", vfs.Mkdir(ctx, vfs.AtFDCWD, "/dev", 0o755))
	ino, e := vfs.NewAnonInode(vfs.S_IFCHR|0o600, ctx.Cred)
	must("inode", e)
	for fd := range 3 {
		c, e := vfs.NewAnonFile(theConsole, ino.Get(), nil, vfs.O_RDWR, ctx.Cred)
		must("console", e)
		_, e = ctx.Files.Add(c, 0, 64, false)
		must("fd", e)
		_ = fd
	}
	klog.Printf("exec")
	var args proc.Args
	args.Argv = initArgs[:nArgs]
	var fr arch.Frame
	must("exec", t.Exec(&fr, vfs.AtFDCWD, "/init", 0, &args))
	arch.EnterUser(&fr)
}
