//go:build !galago

package galfs_test

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand"
	"slices"
	"sort"
	"strings"
	"testing"

	"galago/kernel/errno"
	"galago/kernel/vfs"
)

// file is a file of the model; several names may lead to it.
type file struct {
	dir  bool
	data []byte
	link string // target of a symbolic link
}

// model is a file system in memory: the oracle of the random tests.
type model struct{ files map[string]*file } // by path; "" is the root

func newModel() *model { return &model{map[string]*file{"": {dir: true}}} }

func parentOf(p string) string { return p[:strings.LastIndexByte(p, '/')] }

// pick returns a random path for which want is true, "" if there is none.
func (m *model) pick(r *rand.Rand, want func(f *file) bool) string {
	var list []string
	for p, f := range m.files {
		if p != "" && want(f) && !strings.HasPrefix(p, keep) {
			list = append(list, p)
		}
	}
	if len(list) == 0 {
		return ""
	}
	sort.Strings(list)
	return list[r.Intn(len(list))]
}

func isFile(f *file) bool { return !f.dir && f.link == "" }
func isDir(f *file) bool  { return f.dir }
func any_(f *file) bool   { return true }

// fresh returns a new path in a random directory, sometimes one that exists.
func (m *model) fresh(r *rand.Rand) string {
	d := ""
	if r.Intn(3) > 0 {
		d = m.pick(r, isDir)
	}
	if strings.Count(d, "/") > 4 {
		d = ""
	}
	name := fmt.Sprintf("n%d", r.Intn(60))
	if r.Intn(20) == 0 {
		name = strings.Repeat("L", 200+r.Intn(56)) + name
		name = name[:min(len(name), 255)]
	}
	return d + "/" + name
}

func (m *model) nlink(f *file) (n int) {
	for _, x := range m.files {
		if x == f {
			n++
		}
	}
	return n
}

func (m *model) empty(p string) bool {
	for q := range m.files {
		if strings.HasPrefix(q, p+"/") {
			return false
		}
	}
	return true
}

// move renames a path with everything below it.
func (m *model) move(from, to string) {
	moved := map[string]*file{}
	for p, f := range m.files {
		if p == from || strings.HasPrefix(p, from+"/") {
			moved[to+p[len(from):]] = f
			delete(m.files, p)
		}
	}
	maps.Copy(m.files, moved)
}

// signature describes all names, types and link counts.
func (m *model) signature() string {
	var s []string
	for p, f := range m.files {
		switch {
		case f.dir:
			s = append(s, p+" d")
		case f.link != "":
			s = append(s, p+" l "+f.link)
		default:
			s = append(s, fmt.Sprintf("%s f %d", p, m.nlink(f)))
		}
	}
	slices.Sort(s)
	return strings.Join(s, "\n")
}

// step does one random operation on both and compares the outcome.
func step(t testing.TB, r *rand.Rand, v *vol, m *model) string {
	want := errno.OK
	switch op := r.Intn(20); {
	case op < 4:
		p := m.fresh(r)
		if m.files[p] != nil {
			return ""
		}
		ok(t, v.create(p))
		m.files[p] = &file{}
		return "create " + p
	case op < 9:
		p := m.pick(r, isFile)
		if p == "" {
			return ""
		}
		f := m.files[p]
		off, n := r.Intn(len(f.data)+1), r.Intn(20000)
		if r.Intn(4) == 0 {
			off = r.Intn(1 << 20)
		}
		if r.Intn(3) == 0 {
			n = r.Intn(200000)
		}
		buf := pattern(n, byte(r.Int()))
		ok(t, v.write(p, int64(off), buf))
		if n > 0 {
			f.data = append(f.data, make([]byte, max(0, off+n-len(f.data)))...)
			copy(f.data[off:], buf)
		}
		return fmt.Sprintf("write %s %d+%d", p, off, n)
	case op < 10:
		p := m.pick(r, isFile)
		if p == "" {
			return ""
		}
		f := m.files[p]
		n := r.Intn(len(f.data)*2 + 5000)
		ok(t, v.truncate(p, int64(n)))
		f.data = append(f.data, make([]byte, max(0, n-len(f.data)))...)[:n]
		return fmt.Sprintf("truncate %s %d", p, n)
	case op < 12:
		p := m.fresh(r)
		if m.files[p] != nil {
			return ""
		}
		ok(t, v.mkdir(p))
		m.files[p] = &file{dir: true}
		return "mkdir " + p
	case op < 14:
		p := m.pick(r, any_)
		if p == "" {
			return ""
		}
		if m.files[p].dir && !m.empty(p) {
			want = errno.ENOTEMPTY
		} else {
			delete(m.files, p)
		}
		if err := v.remove(p); err != want {
			t.Fatalf("remove %s: %v, want %v", p, err, want)
		}
		return "remove " + p
	case op < 15:
		p, q := m.pick(r, isFile), m.fresh(r)
		if p == "" || m.files[q] != nil {
			return ""
		}
		ok(t, v.link(p, q))
		m.files[q] = m.files[p]
		return "link " + p + " " + q
	case op < 16:
		p := m.fresh(r)
		if m.files[p] != nil {
			return ""
		}
		target := strings.Repeat("t", 1+r.Intn(400))
		ok(t, v.symlink(target, p))
		m.files[p] = &file{link: target}
		return "symlink " + p
	default:
		return stepRename(t, r, v, m)
	}
}

func stepRename(t testing.TB, r *rand.Rand, v *vol, m *model) string {
	p := m.pick(r, any_)
	if p == "" {
		return ""
	}
	if r.Intn(5) == 0 {
		q := m.pick(r, any_)
		if q == p || strings.HasPrefix(q, p+"/") || strings.HasPrefix(p, q+"/") {
			return ""
		}
		ok(t, v.rename(p, q, vfs.RENAME_EXCHANGE))
		m.move(p, "/tmp-exchange")
		m.move(q, p)
		m.move("/tmp-exchange", q)
		return "exchange " + p + " " + q
	}
	q := m.fresh(r)
	if r.Intn(2) == 0 {
		q = m.pick(r, any_)
	}
	if q == p || strings.HasPrefix(q, p+"/") || strings.HasPrefix(p, q+"/") {
		return ""
	}
	from, to := m.files[p], m.files[q]
	if to != nil && (from.dir != to.dir || from == to || to.dir && !m.empty(q)) {
		return ""
	}
	ok(t, v.rename(p, q, 0))
	delete(m.files, q)
	m.move(p, q)
	return "rename " + p + " " + q
}

// compare checks that the volume has exactly what the model has.
func compare(t testing.TB, v *vol, m *model) {
	t.Helper()
	got := map[string]bool{"": true}
	for queue := []string{""}; len(queue) > 0; {
		d := queue[0]
		queue = queue[1:]
		l, err := v.names(d)
		ok(t, err)
		for _, n := range l {
			p := d + "/" + n
			got[p] = true
			f := m.files[p]
			if f == nil {
				t.Fatalf("%s should not be there", p)
			}
			if f.dir {
				queue = append(queue, p)
				continue
			}
			compareFile(t, v, p, f, m)
		}
	}
	for p := range m.files {
		if !got[p] {
			t.Fatalf("%s is missing", p)
		}
	}
}

func compareFile(t testing.TB, v *vol, p string, f *file, m *model) {
	t.Helper()
	i, err := v.walk(p)
	ok(t, err)
	defer done(i)
	if f.link != "" {
		buf := make([]byte, 4096)
		n, err := i.Ops.Readlink(i, buf)
		if err != errno.OK || string(buf[:n]) != f.link {
			t.Fatalf("%s: link differs", p)
		}
		return
	}
	b, err := readAll(i)
	if err != errno.OK || !bytes.Equal(b, f.data) {
		k := 0
		for k < min(len(b), len(f.data)) && b[k] == f.data[k] {
			k++
		}
		t.Fatalf("%s: contents differ at %d (sizes %d, %d; %v)", p, k, len(b), len(f.data), err)
	}
	if n := m.nlink(f); int(i.Links()) != n {
		t.Fatalf("%s: %d links, want %d", p, i.Links(), n)
	}
}

// TestRandom runs random operations against the model, with remounts and checks in between.
func TestRandom(t *testing.T) {
	seeds, rounds, ops := 3, 4, 150
	if long {
		seeds, rounds, ops = 200, 10, 400
	}
	for seed := range seeds {
		r := rand.New(rand.NewSource(int64(seed)))
		d := newDisk(t, 16384, 128+uint32(r.Intn(600)))
		m := newModel()
		for range rounds {
			v := mount(t, d)
			for range ops {
				what := step(t, r, v, m)
				if r.Intn(30) == 0 {
					if p := m.pick(r, isFile); p != "" {
						ok(t, v.fsync(p, r.Intn(2) == 0))
					}
				}
				_ = what
			}
			compare(t, v, m)
			v.unmount(t)
			check(t, d)
			v = mount(t, d)
			compare(t, v, m)
			v.unmount(t)
		}
	}
}
