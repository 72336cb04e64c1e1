//go:build !galago

package galfs_test

import (
	"testing"

	"galago/kernel/block"
	"galago/kernel/fs/galfs"
	"galago/kernel/fs/galfs/galhost"
	"galago/kernel/vfs"
	"galago/kernel/vfs/vfstest"
)

// keepDevices keeps block devices alive: kernel memory is invisible to the collector.
var keepDevices []*block.Device

// TestConformance runs the file layer's suite over galfs: the same calls on Linux and here must agree.
func TestConformance(t *testing.T) {
	needVisibleLocks(t)
	galfs.Register()
	vfstest.Run(t, func(t testing.TB) (*vfs.FSType, *block.Device, string) {
		d := newDisk(t, 16384, 256)
		dev := galhost.BlockDevice(d)
		keepDevices = append(keepDevices, dev)
		t.Cleanup(func() { check(t, d) })
		return vfs.FindFSType("galfs"), dev, ""
	})
}
