package tmpfs

import (
	"galago/kernel/errno"
	"galago/kernel/mem"
	"galago/kernel/vfs"
)

// options are those of mount(2) for tmpfs(5).
type options struct {
	size, inodes   int64
	mode, uid, gid uint32
}

// parse reads "name=value,…". Unknown names and malformed numbers give EINVAL.
func (o *options) parse(s string) errno.Errno {
	for s != "" {
		var word string
		word, s = vfs.CutOption(s, ',')
		if word == "" {
			continue
		}
		name, value := vfs.CutOption(word, '=')
		n, unit, ok := number(value, name == "mode")
		if !ok {
			return errno.EINVAL
		}
		switch name {
		case "size":
			if unit == '%' {
				n = n * int64(mem.Stats().Total) / 100 * pageSize
				unit = 0
			}
			o.size, ok = scale(n, unit)
		case "nr_blocks":
			o.size, ok = scale(n, unit)
			ok = ok && o.size < 1<<50
			o.size *= pageSize
		case "nr_inodes":
			o.inodes, ok = scale(n, unit)
		case "mode":
			o.mode = uint32(n) & 0o7777
		case "uid":
			o.uid = uint32(n)
		case "gid":
			o.gid = uint32(n)
		default:
			return errno.EINVAL
		}
		if !ok {
			return errno.EINVAL
		}
	}
	return errno.OK
}

// number reads a decimal or octal number and a unit letter that may follow.
func number(s string, octal bool) (n int64, unit byte, ok bool) {
	base := int64(10)
	if octal {
		base = 8
	}
	for k := 0; k < len(s); k++ {
		d := int64(s[k]) - '0'
		if d < 0 || d >= base {
			return n, s[k] | 0x20, k > 0 && k == len(s)-1 && !octal
		}
		if n > (1<<62)/base {
			return 0, 0, false
		}
		n = n*base + d
	}
	return n, 0, s != ""
}

// scale multiplies by a unit: k, m, g.
func scale(n int64, unit byte) (int64, bool) {
	shift := uint(0)
	switch unit {
	case 0:
	case 'k':
		shift = 10
	case 'm':
		shift = 20
	case 'g':
		shift = 30
	default:
		return 0, false
	}
	return n << shift, n>>(62-shift) == 0
}
