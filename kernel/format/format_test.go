package format

import (
	"testing"

	"galago/kernel/errno"
)

func TestFormat(t *testing.T) {
	for _, c := range []struct {
		want, format string
		args         []any
	}{
		{"a 1 -2 ff", "a %d %d %x", []any{1, -2, 255}},
		{"[   7][7   ][0007][-007]", "[%4d][%-4d][%04d][%04d]", []any{7, 7, uint8(7), -7}},
		{"[  ab][ab  ]", "[%4s][%-4s]", []any{"ab", []byte("ab")}},
		{"ENOENT 2 true nil %", "%v %d %t %v %%", []any{errno.ENOENT, errno.ENOENT, true, nil}},
		{"9223372036854775808", "%d", []any{uint64(1 << 63)}},
		{"-9223372036854775808", "%d", []any{int64(-1 << 63)}},
		{"0xff [  0x1f] [0x001f] [0x1f  ]", "%#x [%#6x] [%#06x] [%-#6x]", []any{255, 31, 31, 31}},
		{"6162 00ff", "%x %x", []any{"ab", []byte{0, 255}}},
		{"A 17 deadbeef ff", "%c %o %p %v", []any{'A', 15, uintptr(0xdeadbeef), Hex(255)}},
		{"", "", nil},
		{"%!", "%", nil},
		{"%!", "%04", nil},
		{"%!missing", "%d", nil},
		{"%!type", "%v", []any{struct{}{}}},
	} {
		var b [64]byte
		if got := string(b[:Format(b[:], c.format, c.args...)]); got != c.want {
			t.Errorf("%q: %q, want %q", c.format, got, c.want)
		}
	}
	var small [3]byte
	if n := Format(small[:], "%s", "abcdef"); n != 3 || string(small[:]) != "abc" {
		t.Error("cut")
	}
}
