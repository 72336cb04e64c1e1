package linux

import (
	"bytes"
	"debug/elf"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/u-root/u-root/pkg/cpio"
)

// wanted are the modules that the disk needs; those built into the kernel are not there to be loaded.
var wanted = []string{"virtio_pci", "virtio_blk", "crc32c_generic", "ext4"}

// initramfs writes an archive with init, the program, its arguments and the modules.
func (m *Machine) initramfs(w io.Writer) error {
	order, err := m.Kernel.modules(wanted)
	if err != nil {
		return err
	}
	records := []cpio.Record{cpio.Directory("dev", 0o755), cpio.Directory("modules", 0o755), cpio.CharDev("dev/console", 0o600, 5, 1)}
	add := func(name, path string, mode uint64) error {
		text, err := os.ReadFile(path)
		if err == nil {
			records = append(records, cpio.StaticFile(name, string(text), mode))
		}
		return err
	}
	if err := add("init", m.Init, 0o755); err != nil {
		return err
	}
	if err := add("bench", m.Program, 0o755); err != nil {
		return err
	}
	var names []string
	for _, path := range order {
		names = append(names, filepath.Base(path))
		if err := add("modules/"+filepath.Base(path), path, 0o644); err != nil {
			return err
		}
	}
	records = append(records, cpio.StaticFile("modules/order", strings.Join(names, "\n"), 0o644), cpio.StaticFile("args", strings.Join(m.Args, "\n"), 0o644))
	archive := cpio.Newc.Writer(w)
	if err := cpio.WriteRecords(archive, records); err != nil {
		return err
	}
	return cpio.WriteTrailer(archive)
}

// modules returns the files of the named modules and of what they depend on, in the order of loading.
func (k *Kernel) modules(names []string) (order []string, err error) {
	files := make(map[string]string)
	err = filepath.WalkDir(k.Modules, func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".ko") {
			files[strings.ReplaceAll(strings.TrimSuffix(d.Name(), ".ko"), "-", "_")] = path
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	done := make(map[string]bool)
	var visit func(name string) error
	visit = func(name string) error {
		path := files[name]
		if path == "" || done[name] {
			return nil
		}
		done[name] = true
		depends, err := dependencies(path)
		if err != nil {
			return err
		}
		for _, d := range depends {
			if err := visit(strings.ReplaceAll(d, "-", "_")); err != nil {
				return err
			}
		}
		order = append(order, path)
		return nil
	}
	for _, name := range names {
		if err := visit(name); err != nil {
			return nil, err
		}
	}
	return order, nil
}

// dependencies reads what a module says it needs (section .modinfo, "depends=a,b").
func dependencies(path string) ([]string, error) {
	f, err := elf.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	defer f.Close()
	s := f.Section(".modinfo")
	if s == nil {
		return nil, nil
	}
	text, err := s.Data()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for _, line := range bytes.Split(text, []byte{0}) {
		if list, ok := bytes.CutPrefix(line, []byte("depends=")); ok && len(list) > 0 {
			return strings.Split(string(list), ","), nil
		}
	}
	return nil, nil
}
