//go:build galago_user

// Package mounts reads the table of mounted file systems, /proc/mounts.
package mounts

import (
	"galago/libc/stdio"
	"galago/libc/str"
	"galago/libc/sys"
)

// Entry is a mounted file system.
type Entry struct{ Source, Target, Type, Options string }

// Read returns the mounts, the oldest first.
func Read() ([]Entry, sys.Errno) { return ReadFile("/proc/mounts") }

// ReadFile reads a table of the same form, as /etc/fstab.
func ReadFile(path string) ([]Entry, sys.Errno) {
	fd, e := sys.Open(path, sys.O_RDONLY|sys.O_CLOEXEC, 0)
	if e != 0 {
		return nil, e
	}
	text, e := stdio.ReadAll(fd)
	sys.Close(fd)
	var list []Entry
	for _, line := range str.Split(string(text), '\n') {
		f := str.Fields(line)
		if len(f) < 3 || f[0][0] == '#' {
			continue
		}
		m := Entry{Source: unescape(f[0]), Target: unescape(f[1]), Type: f[2]}
		if len(f) > 3 {
			m.Options = f[3]
		}
		list = append(list, m)
	}
	return list, e
}

// unescape undoes the octal escapes of blanks and backslashes.
func unescape(s string) string {
	if str.IndexByte(s, '\\') < 0 {
		return s
	}
	var b []byte
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if v, ok := str.ParseUint(s[i+1:i+4], 8); ok && v < 256 {
				b = append(b, byte(v))
				i += 3
				continue
			}
		}
		b = append(b, s[i])
	}
	return string(b)
}
