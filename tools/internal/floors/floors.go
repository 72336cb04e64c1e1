// Package floors holds the kernel's floor plan and checks it against the imports.
//
// A package belongs to the room whose pattern matches its path longest. It may import packages of lower floors, and its own
// room's packages (a room is one idea). Two rooms of one floor do not import each other. Drivers stand apart: they may import
// the floors up to tty and vfs, and only main imports drivers.
package floors

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"sort"
	"strings"
)

const module = "galago/"

// Plan lists the floors from the lowest to the highest. Each floor is a list of rooms, relative to the module;
// "x/..." takes in everything below x.
var Plan = [][]string{
	{"arch/...", "kernel/rt/...", "kernel/ds/...", "kernel/errno"},
	{"kernel/format"},
	{"kernel/lock/...", "kernel/klog"},
	{"kernel/mem/...", "kernel/time"},
	{"kernel/trace/...", "kernel/acpi", "kernel/uio", "kernel/cred"},
	{"kernel/sched/..."},
	{"kernel/block/...", "kernel/vm/...", "kernel/oops", "kernel/ktest"},
	{"kernel/vfs/..."},
	{"kernel/fs/..."},
	{"kernel/proc/...", "kernel/ipc/...", "kernel/net/...", "kernel/tty/..."},
	{"kernel/syscall/..."},
	{"kernel/ktest/suite"},
	{"drivers/..."},
	{"kernel"},
}

// Exceptions to the plan: rooms that may also import what is listed, with the reason that makes it right.
var Exceptions = []Exception{
	{"drivers/...", []string{"drivers/..."}, "a driver stands on its bus"},
	{"kernel/klog", []string{"kernel/lock/..."}, "the log ring is guarded by a spin lock"},
}

// Exception permits imports that the plan forbids.
type Exception struct {
	Room    string
	Imports []string
	Why     string
}

const (
	driverRoom = "drivers/..."
	// driverCeiling is the room with the highest floor that drivers may import.
	driverCeiling = "kernel/tty/..."
)

// Package is what `go list -json` says about a package.
type Package struct {
	ImportPath string
	Imports    []string
}

// Violation is an import that goes upward, sideways, or to an unknown room.
type Violation struct{ From, To, Why string }

func (v Violation) String() string {
	if v.To == "" {
		return fmt.Sprintf("%s: %s", v.From, v.Why)
	}
	return fmt.Sprintf("%s imports %s: %s", v.From, v.To, v.Why)
}

// room finds where a package lives. ok is false for packages that the plan does not govern.
func room(importPath string) (floor int, pattern string, ok bool) {
	rel, inside := strings.CutPrefix(importPath, module)
	if !inside {
		return 0, "", false
	}
	best := -1
	for i, rooms := range Plan {
		for _, r := range rooms {
			if matches(r, rel) && len(r) > best {
				best, floor, pattern = len(r), i, r
			}
		}
	}
	return floor, pattern, best >= 0
}

// matches reports whether a path relative to the module is in a room.
func matches(pattern, rel string) bool {
	if base, below := strings.CutSuffix(pattern, "/..."); below {
		return rel == base || strings.HasPrefix(rel, base+"/")
	}
	return rel == pattern
}

// governed reports whether the plan must know a package: all kernel code.
func governed(importPath string) bool {
	rel, inside := strings.CutPrefix(importPath, module)
	return inside && (rel == "kernel" || strings.HasPrefix(rel, "kernel/") || rel == "arch" || strings.HasPrefix(rel, "arch/") || strings.HasPrefix(rel, "drivers/"))
}

// Check holds the imports of packages against the plan.
func Check(list []Package) (out []Violation) {
	for _, p := range list {
		if !governed(p.ImportPath) {
			continue
		}
		floor, from, ok := room(p.ImportPath)
		if !ok {
			out = append(out, Violation{p.ImportPath, "", "has no floor; add its room to tools/internal/floors"})
			continue
		}
		for _, imp := range p.Imports {
			if why := judge(floor, from, imp); why != "" {
				out = append(out, Violation{p.ImportPath, imp, why})
			}
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].String() < out[j].String() })
	return out
}

// judge says what is wrong with an import, or nothing.
func judge(floor int, from, imp string) string {
	if strings.HasPrefix(imp, module) && !governed(imp) {
		return "kernel code imports only kernel code"
	}
	to, toRoom, ok := room(imp)
	if !ok || excepted(from, imp) {
		return ""
	}
	if from == driverRoom {
		if ceiling, _, _ := room(module + strings.TrimSuffix(driverCeiling, "/...")); to > ceiling {
			return "drivers import the kernel's floors up to " + strings.TrimSuffix(driverCeiling, "/...")
		}
		return ""
	}
	switch {
	case to < floor, toRoom == from:
		return ""
	case to == floor:
		return "both stand on one floor; the lower half belongs in a lower floor, or behind an interface there"
	}
	return "an upward import; let the lower floor own an interface and the upper one implement it"
}

func excepted(from, imp string) bool {
	for _, e := range Exceptions {
		if e.Room != from {
			continue
		}
		for _, pattern := range e.Imports {
			if matches(pattern, strings.TrimPrefix(imp, module)) {
				return true
			}
		}
	}
	return false
}

// List asks `go list` for the kernel's packages below root, under the given build tags.
func List(root string, tags string) ([]Package, error) {
	args := []string{"list", "-e", "-find=false", "-json=ImportPath,Imports"}
	if tags != "" {
		args = append(args, "-tags", tags)
	}
	cmd := exec.Command("go", append(args, "./...")...)
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w\n%s", err, stderr.String())
	}
	return decode(bytes.NewReader(out))
}

// decode reads the stream of objects that go list writes.
func decode(r io.Reader) (list []Package, err error) {
	d := json.NewDecoder(r)
	for {
		var p Package
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return list, nil
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		list = append(list, p)
	}
}

// CheckTree checks a checkout with and without the kernel's build tag.
func CheckTree(root string) (out []Violation, packages int, err error) {
	seen := make(map[Violation]bool)
	for _, tags := range []string{"", "galago"} {
		list, err := List(root, tags)
		if err != nil {
			return nil, 0, err
		}
		packages = max(packages, len(list))
		for _, v := range Check(list) {
			if !seen[v] {
				seen[v] = true
				out = append(out, v)
			}
		}
	}
	return out, packages, nil
}
