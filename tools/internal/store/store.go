// Package store joins disk images to the galfs code: it makes an image from a manifest, adds host files to one, and
// checks one. The file-system code itself is the kernel's own, run on the host by galhost.
package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"galago/kernel/fs/galfs/galhost"
	"galago/tools/internal/disk"
	"galago/tools/internal/imagefs"
	"galago/tools/internal/manifest"
)

// Defaults of Build, for manifests that say nothing. The identifier only needs to be the same in every build.
var (
	defaultUUID = [16]byte{'g', 'a', 'l', 'f', 's', 0, 0x4b, 0x65, 0x8e, 0x72, 'n', 'e', 'l', 0, 0, 4}
	defaultTime = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
)

const (
	defaultSize  = 2 << 30
	defaultLabel = "galago"
)

// Addition is one --add: a host path and where it goes.
type Addition struct{ Host, Guest string }

// Observer is told about long work. Both functions may be nil.
type Observer struct {
	Warn     func(msg string)
	Progress func(files, bytes int64)
}

// Build writes a new image from a manifest whose relative host paths start at base. The result appears under its name
// only when it is complete.
func Build(path string, m *manifest.Manifest, base string, ob Observer) (err error) {
	if m.Size == 0 {
		m.Size = defaultSize
	}
	if m.Label == "" {
		m.Label = defaultLabel
	}
	if m.Time.IsZero() {
		m.Time = defaultTime
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".image-*")
	if err != nil {
		return err
	}
	defer func() {
		tmp.Close()
		if err != nil {
			os.Remove(tmp.Name())
		}
	}()
	p, err := disk.Create(tmp, m.Size)
	if err != nil {
		return err
	}
	if err := galhost.Format(p, galhost.FormatOptions{UUID: defaultUUID, Label: m.Label, Time: m.Time}); err != nil {
		return err
	}
	err = with(p, m.Time, func(fs imagefs.FS) error {
		f := imagefs.Filler{FS: fs, Time: m.Time, Warn: ob.Warn, Progress: ob.Progress}
		return f.Apply(m, base)
	})
	if err != nil {
		return err
	}
	if err := tmp.Chmod(0o644); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

// Add copies host files and trees into the galfs partition of an open image.
func Add(image *os.File, list []Addition, ob Observer) error {
	if len(list) == 0 {
		return nil
	}
	p, err := disk.Open(image)
	if err != nil {
		return err
	}
	return with(p, time.Time{}, func(fs imagefs.FS) error {
		for _, a := range list {
			f := imagefs.Filler{FS: fs, Warn: ob.Warn, Progress: ob.Progress}
			if err := f.Add(a.Host, a.Guest); err != nil {
				return fmt.Errorf("adding %s: %w", a.Host, err)
			}
		}
		return nil
	})
}

// Check examines the galfs partition of an image file, or a bare file system. The error says why that was impossible.
func Check(path string) ([]galhost.Problem, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	p, err := disk.Open(f)
	if err != nil {
		return nil, err
	}
	return galhost.Check(p)
}

// with mounts a partition, lets fill work on it, and unmounts it whatever happened.
func with(p *disk.Partition, stamp time.Time, fill func(imagefs.FS) error) error {
	fs, err := mount(p, stamp)
	if err != nil {
		return fmt.Errorf("mounting the image: %w", err)
	}
	return errors.Join(fill(fs), fs.unmount())
}
