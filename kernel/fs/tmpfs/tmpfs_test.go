package tmpfs

import (
	"testing"

	"galago/kernel/block"
	"galago/kernel/vfs"
	"galago/kernel/vfs/vfstest"
)

func mountTest(t testing.TB) (*vfs.FSType, *block.Device, string) {
	return &Type, nil, "size=64m,mode=755"
}

func TestConformance(t *testing.T) { vfstest.Run(t, mountTest) }
