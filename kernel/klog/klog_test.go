package klog

import (
	"strings"
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

func TestRing(t *testing.T) {
	seen := 0
	AddSink(func(l Level, ns uint64, text []byte) { seen++ })
	for i := range 3 * nRecords {
		Printf("line %d\n", i)
	}
	if seen != 3*nRecords {
		t.Fatalf("sink saw %d", seen)
	}
	var b [300]byte
	n, seq := Read(0, b[:], true)
	if !strings.HasSuffix(string(b[:n]), "line 2048\n") || !strings.HasPrefix(string(b[:n]), "<6>[") {
		t.Fatalf("oldest: %q", b[:n])
	}
	count := 1
	for {
		n, s := Read(seq, b[:], false)
		if n == 0 {
			break
		}
		seq = s
		count++
	}
	if count != nRecords {
		t.Fatalf("%d records", count)
	}
	Clear()
	if n, _ := Read(0, b[:], false); n != 0 {
		t.Fatal("not cleared")
	}
}
