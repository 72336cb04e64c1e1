package imagefs

import (
	"fmt"
	"os"
	"path"
	"path/filepath"

	"golang.org/x/sys/unix"

	"galago/tools/internal/manifest"
)

// Apply makes the entries of a manifest. Relative host paths start at base. f.Time should be set, so that the
// result depends on nothing but the inputs' contents.
func (f *Filler) Apply(m *manifest.Manifest, base string) error {
	for i := range m.Entries {
		e := &m.Entries[i]
		if err := f.apply(e, base); err != nil {
			return fmt.Errorf("line %d: %s %s: %w", e.Line, e.Kind, e.Path, err)
		}
	}
	return nil
}

// apply makes one entry.
func (f *Filler) apply(e *manifest.Entry, base string) error {
	f.UID, f.GID = e.UID, e.GID
	source := e.Source
	if !filepath.IsAbs(source) {
		source = filepath.Join(base, source)
	}
	if e.Path != "/" && e.Kind != manifest.Tree {
		if err := f.FS.MkdirAll(path.Dir(e.Path), 0o755, 0, 0); err != nil {
			return err
		}
	}
	switch e.Kind {
	case manifest.Dir:
		if err := f.FS.MkdirAll(e.Path, e.Mode, e.UID, e.GID); err != nil {
			return err
		}
		// It may have been there already, as the parent of an earlier entry.
		return f.FS.SetMeta(e.Path, Meta{Mode: unix.S_IFDIR | e.Mode, UID: e.UID, GID: e.GID, MTime: f.Time})
	case manifest.Tree:
		f.Share = true
		err := f.tree(source, e.Path)
		f.Share = false
		return err
	}
	if err := f.clear(e.Path); err != nil {
		return err
	}
	meta := Meta{UID: e.UID, GID: e.GID, MTime: f.Time}
	switch e.Kind {
	case manifest.File:
		if _, err := os.Stat(source); err != nil {
			return err
		}
		meta.Mode = unix.S_IFREG | e.Mode
		return f.file(source, e.Path, meta)
	case manifest.Symlink:
		meta.Mode = unix.S_IFLNK | 0o777
		return f.done(0, f.FS.Symlink(e.Source, e.Path, meta))
	case manifest.Link:
		return f.done(0, f.FS.Link(path.Clean(e.Source), e.Path))
	case manifest.Node:
		types := map[byte]uint32{'c': unix.S_IFCHR, 'b': unix.S_IFBLK, 'p': unix.S_IFIFO}
		meta.Mode = types[e.NodeType] | e.Mode
		return f.done(0, f.FS.Mknod(e.Path, meta, unix.Mkdev(e.Major, e.Minor)))
	}
	return fmt.Errorf("no such kind of entry")
}
