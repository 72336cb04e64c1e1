//go:build !galago

package galhost

import (
	"testing"

	"galago/kernel/fs/galfs/disk"
)

func TestCRC(t *testing.T) {
	// RFC 3720 B.4
	if c := disk.CRC(0, make([]byte, 32)); c != 0x8a9136aa {
		t.Errorf("zeros: %#x", c)
	}
	if c := disk.CRC(0, []byte("123456789")); c != 0xe3069283 {
		t.Errorf("digits: %#x", c)
	}
}
