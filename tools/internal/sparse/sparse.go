// Package sparse copies disk images without copying their holes: by reflink where the file system can share
// blocks, else extent by extent.
package sparse

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Clone makes dst, an empty file, equal to src. It fails if src is written meanwhile and shrinks.
func Clone(dst, src *os.File) error {
	if err := unix.IoctlFileClone(int(dst.Fd()), int(src.Fd())); err == nil {
		return nil
	}
	st, err := src.Stat()
	if err != nil {
		return err
	}
	if err := dst.Truncate(st.Size()); err != nil {
		return err
	}
	return copyExtents(dst, src, st.Size())
}

// copyExtents copies the parts of src that SEEK_DATA reports.
func copyExtents(dst, src *os.File, size int64) error {
	for pos := int64(0); pos < size; {
		data, err := unix.Seek(int(src.Fd()), pos, unix.SEEK_DATA)
		if errors.Is(err, unix.ENXIO) {
			return nil // only a hole is left
		}
		if err != nil {
			return copyRange(dst, src, pos, size) // a file system without holes
		}
		hole, err := unix.Seek(int(src.Fd()), data, unix.SEEK_HOLE)
		if err != nil {
			return fmt.Errorf("%s: seek to hole: %w", src.Name(), err)
		}
		if err := copyRange(dst, src, data, min(hole, size)); err != nil {
			return err
		}
		pos = hole
	}
	return nil
}

// copyRange copies bytes from to end, in the kernel if it can.
func copyRange(dst, src *os.File, from, end int64) error {
	for from < end {
		in, out := from, from
		n, err := unix.CopyFileRange(int(src.Fd()), &in, int(dst.Fd()), &out, int(min(end-from, 1<<30)), 0)
		if err != nil || n == 0 {
			break
		}
		from += int64(n)
	}
	if from >= end {
		return nil
	}
	n, err := io.Copy(io.NewOffsetWriter(dst, from), io.NewSectionReader(src, from, end-from))
	if err != nil {
		return err
	}
	if n != end-from {
		return fmt.Errorf("%s: %w", src.Name(), io.ErrUnexpectedEOF)
	}
	return nil
}

// Temp returns an open file that has no name and so cannot be left behind, on the file system of dir if that is
// possible (so that a reflink is), else in the directory for temporary files.
func Temp(dir string) (*os.File, error) {
	var last error
	for _, d := range []string{dir, os.TempDir()} {
		fd, err := unix.Open(d, unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC, 0o600)
		if err == nil {
			return os.NewFile(uintptr(fd), filepath.Join(d, "(unnamed)")), nil
		}
		f, err := os.CreateTemp(d, ".galago-*")
		if err == nil {
			if err := os.Remove(f.Name()); err != nil {
				f.Close()
				return nil, err
			}
			return f, nil
		}
		last = err
	}
	return nil, last
}
