package manifest

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	m, err := Parse(strings.NewReader(`# the root file system
size 64M
label galago
time 2026-01-02T03:04:05Z

dir /etc 0755 0 0
file /bin/sh build/user/bin/sh 0755 0 5 # the shell
symlink /bin/ash sh
link /bin/su "/bin/a b"
node /dev/null c 1 3 0666 0 0
tree /usr/ host/usr
tree /home/me "host dir" 1000 100
`))
	if err != nil {
		t.Fatal(err)
	}
	want := &Manifest{Size: 64 << 20, Label: "galago", Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Entries: []Entry{
		{Line: 6, Kind: Dir, Path: "/etc", Mode: 0o755},
		{Line: 7, Kind: File, Path: "/bin/sh", Source: "build/user/bin/sh", Mode: 0o755, GID: 5},
		{Line: 8, Kind: Symlink, Path: "/bin/ash", Source: "sh"},
		{Line: 9, Kind: Link, Path: "/bin/su", Source: "/bin/a b"},
		{Line: 10, Kind: Node, Path: "/dev/null", NodeType: 'c', Major: 1, Minor: 3, Mode: 0o666},
		{Line: 11, Kind: Tree, Path: "/usr", Source: "host/usr"},
		{Line: 12, Kind: Tree, Path: "/home/me", Source: "host dir", UID: 1000, GID: 100},
	}}
	if !reflect.DeepEqual(m, want) {
		t.Errorf("got  %+v\nwant %+v", m, want)
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct{ text, part string }{
		{"\nfoo /a", `line 2: unknown keyword "foo"`},
		{"dir /a 0755 0", "words"},
		{"tree /a b 1", "words"},
		{"dir a 0755 0 0", "absolute"},
		{"dir /a 0x1 0 0", "base 8"},
		{"dir /a 0100755 0 0", "permission"},
		{"dir /a 0755 -1 0", "base 10"},
		{"node /a x 1 2 0644 0 0", "node type"},
		{"size 10T", "size"},
		{"time yesterday", "yesterday"},
		{`file "/a b 0755 0 0`, "quotation"},
	} {
		if _, err := Parse(strings.NewReader(c.text)); err == nil || !strings.Contains(err.Error(), c.part) {
			t.Errorf("%q: %v, want %q", c.text, err, c.part)
		}
	}
}

func TestParseSize(t *testing.T) {
	for s, want := range map[string]int64{"512": 512, "4K": 4096, "64m": 64 << 20, "2G": 2 << 30, "": 0, "0": 0, "-1M": 0, "G": 0, "9999999999G": 0} {
		if got, err := ParseSize(s); got != want || (err != nil) != (want == 0) {
			t.Errorf("%q: %d, %v; want %d", s, got, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("dir /etc 0755 0 0\nfile \"/a\" b 0644 0 0")
	f.Fuzz(func(t *testing.T, s string) {
		m, err := Parse(strings.NewReader(s))
		if err != nil {
			return
		}
		for _, e := range m.Entries {
			if !strings.HasPrefix(e.Path, "/") || e.Mode > 0o7777 {
				t.Errorf("bad entry %+v", e)
			}
		}
	})
}
