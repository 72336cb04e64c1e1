//go:build !galago

package procfs

import (
	"galago/arch"
	"galago/kernel/errno"
)

func genCPUInfo(b *Buffer) errno.Errno {
	for c := range arch.NumCPU() {
		b.Printf("processor\t: %d\n\n", c)
	}
	return errno.OK
}
