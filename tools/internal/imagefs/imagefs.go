// Package imagefs fills a file system on the host: from a manifest (`galago image`) and from host files and trees
// (`galago run --add`). The file system itself is behind the interface FS, which package galfs code and tests' fakes
// implement.
//
// Symbolic links, hard links, modes, times, devices and FIFOs of a tree are kept. Owners are not: files belong to root
// unless the caller says otherwise, because host user numbers mean nothing in the guest.
package imagefs

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Meta is what a new file shall look like.
type Meta struct {
	Mode     uint32 // Linux st_mode, type bits included
	UID, GID uint32
	MTime    time.Time
}

// FS is a file system being filled. Paths are absolute and clean.
type FS interface {
	MkdirAll(path string, mode, uid, gid uint32) error
	WriteFile(path string, m Meta, size int64, r io.Reader) error
	Symlink(target, path string, m Meta) error
	Link(old, new string) error
	Mknod(path string, m Meta, dev uint64) error
	Remove(path string) error
	SetMeta(path string, m Meta) error
	Lookup(path string) (mode uint32, found bool, err error) // does not follow a final symbolic link
}

// Filler copies into an FS.
type Filler struct {
	FS       FS
	UID, GID uint32                         // owner of what Add copies
	Time     time.Time                      // of everything; zero keeps the host's times
	Share    bool                           // all may read and execute what the owner may, whatever umask the tree was made with
	Warn     func(msg string)               // about what cannot be copied; may be nil
	Progress func(files int64, bytes int64) // called after each file; may be nil

	files, bytes int64
	seen         map[inode]string // host files with several names → the first name in the guest
}

// inode identifies a host file.
type inode struct{ dev, ino uint64 }

// Add copies a host file or tree to a guest path. A directory's contents go into the guest path itself. A file goes
// into the guest path if that is a directory or ends with a slash, as with cp. A symbolic link given
// directly is followed.
func (f *Filler) Add(host, guest string) error {
	if !path.IsAbs(guest) {
		return fmt.Errorf("guest path %q is not absolute", guest)
	}
	var st unix.Stat_t
	if err := unix.Stat(host, &st); err != nil {
		return &os.PathError{Op: "stat", Path: host, Err: err}
	}
	into := strings.HasSuffix(guest, "/")
	guest = path.Clean(guest)
	if st.Mode&unix.S_IFMT == unix.S_IFDIR {
		return f.tree(host, guest)
	}
	if mode, found, err := f.FS.Lookup(guest); err != nil {
		return err
	} else if found && mode&unix.S_IFMT == unix.S_IFDIR {
		into = true
	}
	if into {
		guest = path.Join(guest, filepath.Base(host))
	}
	if err := f.FS.MkdirAll(path.Dir(guest), 0o755, f.UID, f.GID); err != nil {
		return err
	}
	return f.entry(host, guest, &st)
}

// tree copies the directory host to guest, names in sorted order. An existing directory keeps its mode.
func (f *Filler) tree(host, guest string) error {
	var st unix.Stat_t
	if err := unix.Stat(host, &st); err != nil {
		return &os.PathError{Op: "stat", Path: host, Err: err}
	}
	if err := f.mkdir(guest, f.mode(st.Mode)&0o7777); err != nil {
		return err
	}
	names, err := os.ReadDir(host) // sorted
	if err != nil {
		return err
	}
	for _, n := range names {
		from, to := filepath.Join(host, n.Name()), path.Join(guest, n.Name())
		if err := unix.Lstat(from, &st); err != nil {
			return &os.PathError{Op: "lstat", Path: from, Err: err}
		}
		if st.Mode&unix.S_IFMT == unix.S_IFDIR {
			err = f.tree(from, to)
		} else {
			err = f.entry(from, to, &st)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// mode returns the mode that something of a tree gets.
func (f *Filler) mode(host uint32) uint32 {
	if f.Share {
		owner := host & 0o500
		host |= owner>>3 | owner>>6
	}
	return host
}

// mkdir makes a directory with its parents (0755) unless it exists.
func (f *Filler) mkdir(guest string, mode uint32) error {
	m, found, err := f.FS.Lookup(guest)
	if err != nil {
		return err
	}
	if found {
		if m&unix.S_IFMT == unix.S_IFLNK {
			return fmt.Errorf("%s is a symbolic link in the image; add to its target instead", guest)
		}
		if m&unix.S_IFMT != unix.S_IFDIR {
			return fmt.Errorf("%s exists and is not a directory", guest)
		}
		return nil
	}
	if guest != "/" {
		if err := f.FS.MkdirAll(path.Dir(guest), 0o755, f.UID, f.GID); err != nil {
			return err
		}
	}
	return f.FS.MkdirAll(guest, mode, f.UID, f.GID)
}

// entry copies one host object that is not a directory.
func (f *Filler) entry(host, guest string, st *unix.Stat_t) error {
	m := Meta{Mode: f.mode(st.Mode), UID: f.UID, GID: f.GID, MTime: f.time(st)}
	if err := f.clear(guest); err != nil {
		return err
	}
	if st.Nlink > 1 {
		id := inode{st.Dev, st.Ino}
		if first, ok := f.seen[id]; ok {
			return f.done(0, f.FS.Link(first, guest))
		}
		if f.seen == nil {
			f.seen = make(map[inode]string)
		}
		f.seen[id] = guest
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		return f.file(host, guest, m)
	case unix.S_IFLNK:
		target, err := os.Readlink(host)
		if err != nil {
			return err
		}
		return f.done(0, f.FS.Symlink(target, guest, m))
	case unix.S_IFIFO:
		return f.done(0, f.FS.Mknod(guest, m, 0))
	case unix.S_IFCHR, unix.S_IFBLK:
		return f.done(0, f.FS.Mknod(guest, m, st.Rdev))
	}
	if f.Warn != nil {
		f.Warn(host + ": a socket cannot be copied, left out")
	}
	return nil
}

// file copies one regular file.
func (f *Filler) file(host, guest string, m Meta) error {
	in, err := os.Open(host)
	if err != nil {
		return err
	}
	defer in.Close()
	st, err := in.Stat()
	if err != nil {
		return err
	}
	if !st.Mode().IsRegular() {
		return fmt.Errorf("%s is not a regular file", host)
	}
	r := &counter{r: io.LimitReader(in, st.Size())}
	if err := f.FS.WriteFile(guest, m, st.Size(), r); err != nil {
		return fmt.Errorf("%s: %w", guest, err)
	}
	if r.n != st.Size() {
		return fmt.Errorf("%s became shorter while it was copied", host)
	}
	return f.done(r.n, nil)
}

// counter counts what is read through it.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// clear removes what is in the way of a new file. A directory stays.
func (f *Filler) clear(guest string) error {
	mode, found, err := f.FS.Lookup(guest)
	if err != nil || !found {
		return err
	}
	if mode&unix.S_IFMT == unix.S_IFDIR {
		return fmt.Errorf("%s is a directory in the image", guest)
	}
	return f.FS.Remove(guest)
}

func (f *Filler) time(st *unix.Stat_t) time.Time {
	if !f.Time.IsZero() {
		return f.Time
	}
	return time.Unix(st.Mtim.Sec, st.Mtim.Nsec)
}

// done counts a file and passes its error on.
func (f *Filler) done(n int64, err error) error {
	if err == nil {
		f.files++
		f.bytes += n
		if f.Progress != nil {
			f.Progress(f.files, f.bytes)
		}
	}
	return err
}

// ErrSpec is wrapped by errors about the form HOSTPATH:GUESTPATH.
var ErrSpec = errors.New("want HOSTPATH:GUESTPATH with an absolute guest path")

// SplitSpec takes HOSTPATH:GUESTPATH apart. The guest path begins after the last ":/", so host paths may contain colons.
func SplitSpec(spec string) (host, guest string, err error) {
	i := strings.LastIndex(spec, ":/")
	if i <= 0 {
		return "", "", fmt.Errorf("%q: %w", spec, ErrSpec)
	}
	return spec[:i], spec[i+1:], nil
}
