//go:build galago_user

package main

import (
	"galago/libc/dir"
	"galago/libc/match"
	"galago/libc/sys"
)

func hasGlob(f *field) bool {
	for i, c := range f.b {
		if !f.q[i] && (c == '*' || c == '?' || c == '[') {
			return true
		}
	}
	return false
}

// glob appends the pathnames that match a field, sorted; nothing if none does.
func glob(out []string, f *field) []string {
	n := len(out)
	prefix := ""
	i := 0
	for i < len(f.b) && f.b[i] == '/' {
		prefix += "/"
		i++
	}
	out = globFrom(out, prefix, f, i)
	found := out[n:]
	for i := 1; i < len(found); i++ {
		for k := i; k > 0 && found[k] < found[k-1]; k-- {
			found[k], found[k-1] = found[k-1], found[k]
		}
	}
	return out
}

// globFrom matches the components from byte i on below prefix.
func globFrom(out []string, prefix string, f *field, i int) []string {
	end := i
	wild := false
	for end < len(f.b) && f.b[end] != '/' {
		if c := f.b[end]; !f.q[end] && (c == '*' || c == '?' || c == '[') {
			wild = true
		}
		end++
	}
	next := end
	for next < len(f.b) && f.b[next] == '/' {
		next++
	}
	slashes := string(f.b[end:next])
	part := field{f.b[i:end], f.q[i:end]}
	if !wild {
		path := prefix + string(part.b)
		return descend(out, path, slashes, f, next)
	}
	pat := pattern(&part)
	where := prefix
	if where == "" {
		where = "."
	}
	entries, e := dir.Read(where)
	if e != 0 {
		return out
	}
	for _, d := range entries {
		if d.Name[0] == '.' && pat[0] != '.' || d.Name == "." || d.Name == ".." {
			continue
		}
		if match.Glob(pat, d.Name) {
			out = descend(out, prefix+d.Name, slashes, f, next)
		}
	}
	return out
}

// descend goes on behind a matched component, or takes the path if it exists.
func descend(out []string, path, slashes string, f *field, next int) []string {
	if next < len(f.b) {
		return globFrom(out, path+slashes, f, next)
	}
	var st sys.Stat
	if slashes != "" {
		if sys.StatPath(path, &st) != 0 || st.Mode&sys.S_IFMT != sys.S_IFDIR {
			return out
		}
	} else if sys.Lstat(path, &st) != 0 {
		return out
	}
	return append(out, path+slashes)
}
