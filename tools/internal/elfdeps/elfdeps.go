// Package elfdeps finds the files that a dynamically linked program needs to run elsewhere: its interpreter and its shared libraries, as
// the dynamic linker would find them (ld.so(8)): DT_RUNPATH or DT_RPATH, the directories of /etc/ld.so.conf, the default ones.
// What a program opens by name at run time (plug-ins, scripts, data) it cannot know.
package elfdeps

import (
	"bufio"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// defaultDirs are searched last.
var defaultDirs = []string{"/lib", "/usr/lib", "/lib64", "/usr/lib64"}

// Files returns the paths of everything that the programs need beside themselves, each once and sorted. A static program, or a file that is no ELF
// file, needs nothing.
func Files(programs ...string) ([]string, error) {
	f := finder{seen: map[string]bool{}, conf: configured("/etc/ld.so.conf", 0)}
	for _, p := range programs {
		if err := f.add(p); err != nil {
			return nil, err
		}
	}
	slices.Sort(f.found)
	return f.found, nil
}

type finder struct {
	seen  map[string]bool
	conf  []string
	found []string
}

// need notes a file and looks at what it needs itself.
func (f *finder) need(path string) error {
	if f.seen[path] {
		return nil
	}
	f.seen[path] = true
	f.found = append(f.found, path)
	return f.add(path)
}

// add follows the needs of one file.
func (f *finder) add(path string) error {
	e, err := elf.Open(path)
	if err != nil {
		var bad *elf.FormatError
		if errors.As(err, &bad) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		}
		return err
	}
	defer e.Close()
	for _, p := range e.Progs {
		if p.Type == elf.PT_INTERP {
			name := make([]byte, min(p.Filesz, 4096))
			if _, err := p.ReadAt(name, 0); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			if err := f.need(strings.TrimRight(string(name), "\x00")); err != nil {
				return err
			}
		}
	}
	libraries, err := e.ImportedLibraries()
	if err != nil {
		return nil // no dynamic section
	}
	dirs := f.dirs(e, path)
	for _, name := range libraries {
		lib := search(name, dirs, e.Machine)
		if lib == "" {
			return fmt.Errorf("%s needs %s, which is not on this machine", path, name)
		}
		if err := f.need(lib); err != nil {
			return err
		}
	}
	return nil
}

// dirs are the directories to search for what a file needs.
func (f *finder) dirs(e *elf.File, path string) (list []string) {
	for _, tag := range []elf.DynTag{elf.DT_RUNPATH, elf.DT_RPATH} {
		values, err := e.DynString(tag)
		if err != nil {
			continue
		}
		for _, v := range values {
			for _, d := range strings.Split(v, ":") {
				origin := filepath.Dir(path)
				list = append(list, strings.NewReplacer("$ORIGIN", origin, "${ORIGIN}", origin).Replace(d))
			}
		}
	}
	return append(append(list, f.conf...), defaultDirs...)
}

// search finds a library for a machine; "": there is none.
func search(name string, dirs []string, m elf.Machine) string {
	if strings.Contains(name, "/") {
		dirs = []string{""}
	}
	for _, d := range dirs {
		path := filepath.Join(d, name)
		e, err := elf.Open(path)
		if err != nil {
			continue
		}
		fits := e.Machine == m
		e.Close()
		if fits {
			return path
		}
	}
	return ""
}

const maxIncludes = 10

// configured reads a configuration file of ldconfig(8): a directory a line, and include lines.
func configured(path string, depth int) (list []string) {
	file, err := os.Open(path)
	if err != nil || depth > maxIncludes {
		return nil
	}
	defer file.Close()
	s := bufio.NewScanner(file)
	for s.Scan() {
		line, _, _ := strings.Cut(s.Text(), "#")
		words := strings.Fields(line)
		switch {
		case len(words) == 2 && words[0] == "include":
			more, err := filepath.Glob(words[1])
			if err != nil {
				continue
			}
			for _, m := range more {
				list = append(list, configured(m, depth+1)...)
			}
		case len(words) == 1:
			list = append(list, words[0])
		}
	}
	return list
}
