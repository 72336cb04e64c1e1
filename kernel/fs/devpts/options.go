package devpts

import (
	"galago/kernel/errno"
	"galago/kernel/vfs"
)

// options are those of mount(8) for devpts.
type options struct {
	uid, gid       uint32
	hasUID, hasGID bool
	mode, ptmxMode uint32
}

// parse reads "name=value,…". EINVAL for what is unknown or malformed.
func (o *options) parse(s string) errno.Errno {
	for s != "" {
		var word string
		word, s = vfs.CutOption(s, ',')
		name, value := vfs.CutOption(word, '=')
		switch name {
		case "":
			continue
		case "newinstance":
			if value != "" {
				return errno.EINVAL
			}
			continue
		}
		base := uint64(10)
		if name == "mode" || name == "ptmxmode" {
			base = 8
		}
		n, ok := number(value, base)
		if !ok {
			return errno.EINVAL
		}
		switch name {
		case "uid":
			o.uid, o.hasUID = n, true
		case "gid":
			o.gid, o.hasGID = n, true
		case "mode":
			o.mode = n & 0o7777
		case "ptmxmode":
			o.ptmxMode = n & 0o7777
		case "max":
			if n > 1<<20 { // NR_UNIX98_PTY_MAX
				return errno.EINVAL
			}
		default:
			return errno.EINVAL
		}
	}
	return errno.OK
}

// number reads a number below 2^31.
func number(s string, base uint64) (uint32, bool) {
	n := uint64(0)
	for k := 0; k < len(s); k++ {
		d := uint64(s[k]) - '0'
		if d >= base {
			return 0, false
		}
		if n = n*base + d; n >= 1<<31 {
			return 0, false
		}
	}
	return uint32(n), s != ""
}
