// Package manifest reads the text that says what goes into a disk image. One line is one entry; words are separated by
// blanks, `#` begins a comment, double quotes (as in Go) hold a word with blanks together. Host paths are relative to
// the checkout.
//
//	size 2G                              the size of the image (K, M, G)
//	label galago                         the file system's label
//	time 2026-01-01T00:00:00Z            the time stamp of everything
//	dir     PATH MODE UID GID
//	file    PATH HOSTFILE MODE UID GID
//	symlink PATH TARGET
//	link    PATH EXISTING                a hard link
//	node    PATH c|b|p MAJOR MINOR MODE UID GID
//	tree    PATH HOSTDIR [UID GID]       a directory with all below it; modes are the host's, but all may read and
//	                                     execute what the owner may
//
// Entries are applied in order; parents that are missing are made with mode 0755.
package manifest

import (
	"bufio"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"
	"time"
)

// Kind is the first word of an entry.
type Kind string

// Kinds of entries.
const (
	Dir     Kind = "dir"
	File    Kind = "file"
	Symlink Kind = "symlink"
	Link    Kind = "link"
	Node    Kind = "node"
	Tree    Kind = "tree"
)

// Entry is one line.
type Entry struct {
	Line         int
	Kind         Kind
	Path         string // in the guest, absolute and clean
	Source       string // host file or directory; target of a link
	Mode         uint32 // permission bits
	UID, GID     uint32
	NodeType     byte // c, b or p
	Major, Minor uint32
}

// Manifest is a parsed file.
type Manifest struct {
	Size    int64
	Label   string
	Time    time.Time
	Entries []Entry
}

// Parse reads a manifest. Errors name the line.
func Parse(r io.Reader) (*Manifest, error) {
	m := new(Manifest)
	s := bufio.NewScanner(r)
	for n := 1; s.Scan(); n++ {
		words, err := split(s.Text())
		if err == nil && len(words) > 0 {
			err = m.line(n, words)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
	return m, s.Err()
}

// split cuts a line into words.
func split(line string) (words []string, err error) {
	for {
		line = strings.TrimLeft(line, " \t\r")
		if line == "" || line[0] == '#' {
			return words, nil
		}
		var word string
		if line[0] == '"' {
			quoted, err := strconv.QuotedPrefix(line)
			if err != nil {
				return nil, fmt.Errorf("unfinished quotation: %s", line)
			}
			if word, err = strconv.Unquote(quoted); err != nil {
				return nil, err
			}
			line = line[len(quoted):]
		} else {
			end := strings.IndexAny(line, " \t\r")
			if end < 0 {
				end = len(line)
			}
			word, line = line[:end], line[end:]
		}
		words = append(words, word)
	}
}

// arity is the number of words after the keyword: at least, at most.
var arity = map[string][2]int{
	"size": {1, 1}, "label": {1, 1}, "time": {1, 1},
	"dir": {4, 4}, "file": {5, 5}, "symlink": {2, 2}, "link": {2, 2}, "node": {7, 7}, "tree": {2, 4},
}

// line takes one line apart.
func (m *Manifest) line(n int, w []string) (err error) {
	key, args := w[0], w[1:]
	want, ok := arity[key]
	if !ok {
		return fmt.Errorf("unknown keyword %q", key)
	}
	if len(args) < want[0] || len(args) > want[1] || key == "tree" && len(args) == 3 {
		return fmt.Errorf("%s: %d words are not right", key, len(args))
	}
	switch key {
	case "size":
		m.Size, err = ParseSize(args[0])
		return err
	case "label":
		m.Label = args[0]
		return nil
	case "time":
		m.Time, err = time.Parse(time.RFC3339, args[0])
		return err
	}
	e := Entry{Line: n, Kind: Kind(key), Path: path.Clean(args[0])}
	if !path.IsAbs(args[0]) {
		return fmt.Errorf("%q is not an absolute path", args[0])
	}
	if err := e.parse(args[1:]); err != nil {
		return err
	}
	m.Entries = append(m.Entries, e)
	return nil
}

// parse reads the words after the path.
func (e *Entry) parse(w []string) (err error) {
	switch e.Kind {
	case Dir:
		return e.owner(w[0], w[1], w[2])
	case File:
		e.Source = w[0]
		return e.owner(w[1], w[2], w[3])
	case Symlink, Link:
		e.Source = w[0]
	case Tree:
		e.Source = w[0]
		if len(w) == 3 {
			return e.owner("0", w[1], w[2])
		}
	case Node:
		if len(w[0]) != 1 || !strings.Contains("cbp", w[0]) {
			return fmt.Errorf("node type %q: want c, b or p", w[0])
		}
		e.NodeType = w[0][0]
		if err := numbers(w[1:3], 10, &e.Major, &e.Minor); err != nil {
			return err
		}
		return e.owner(w[3], w[4], w[5])
	}
	return nil
}

// owner reads an octal mode and two decimal ids.
func (e *Entry) owner(mode, uid, gid string) error {
	if err := numbers([]string{mode}, 8, &e.Mode); err != nil {
		return err
	}
	if e.Mode > 0o7777 {
		return fmt.Errorf("mode %s has more than permission bits", mode)
	}
	return numbers([]string{uid, gid}, 10, &e.UID, &e.GID)
}

func numbers(words []string, base int, to ...*uint32) error {
	for i, w := range words {
		n, err := strconv.ParseUint(w, base, 32)
		if err != nil {
			return fmt.Errorf("%q is not a number of base %d", w, base)
		}
		*to[i] = uint32(n)
	}
	return nil
}

// ParseSize reads a number of bytes with an optional suffix K, M or G (powers of 1024).
func ParseSize(s string) (int64, error) {
	shift := 0
	if s != "" {
		switch s[len(s)-1] {
		case 'K', 'k':
			shift = 10
		case 'M', 'm':
			shift = 20
		case 'G', 'g':
			shift = 30
		}
	}
	digits := s
	if shift > 0 {
		digits = s[:len(s)-1]
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n <= 0 || n > 1<<62>>shift {
		return 0, fmt.Errorf("size %q: want a number with K, M or G", s)
	}
	return n << shift, nil
}
