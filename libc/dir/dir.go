//go:build galago_user

// Package dir reads directories.
package dir

import "galago/libc/sys"

// Entry is a directory entry: name, inode number and type (DT_*; 0 when the file system does not say).
type Entry struct {
	Name string
	Ino  uint64
	Type uint8
}

// Directory entry types.
const (
	DT_FIFO = 1
	DT_CHR  = 2
	DT_DIR  = 4
	DT_BLK  = 6
	DT_REG  = 8
	DT_LNK  = 10
	DT_SOCK = 12
)

// Read returns all entries of a directory, "." and ".." included, in the file system's order.
func Read(path string) ([]Entry, sys.Errno) {
	fd, e := sys.Open(path, sys.O_RDONLY|sys.O_DIRECTORY|sys.O_CLOEXEC, 0)
	if e != 0 {
		return nil, e
	}
	var list []Entry
	buf := make([]byte, 32768)
	for {
		n, e := sys.Getdents(fd, buf)
		if e != 0 || n == 0 {
			sys.Close(fd)
			return list, e
		}
		for b := buf[:n]; len(b) >= 19; { // struct linux_dirent64: ino, off, reclen, type, name
			size := int(b[16]) | int(b[17])<<8
			name := b[19:size]
			end := 0
			for end < len(name) && name[end] != 0 {
				end++
			}
			ino := uint64(0)
			for i := 7; i >= 0; i-- {
				ino = ino<<8 | uint64(b[i])
			}
			list = append(list, Entry{string(name[:end]), ino, b[18]})
			b = b[size:]
		}
	}
}

// Sort orders entries by name.
func Sort(list []Entry) {
	for gap := len(list) / 2; gap > 0; gap /= 2 {
		for i := gap; i < len(list); i++ {
			for k := i; k >= gap && list[k].Name < list[k-gap].Name; k -= gap {
				list[k], list[k-gap] = list[k-gap], list[k]
			}
		}
	}
}

// Join puts a slash between a directory and a name, unless there is one.
func Join(dir, name string) string {
	if dir == "" || dir[len(dir)-1] == '/' {
		return dir + name
	}
	return dir + "/" + name
}
