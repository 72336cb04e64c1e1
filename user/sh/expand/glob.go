package expand

import "slices"

// Pathname expansion (XCU 2.6.6).

// glob appends the pathnames that match a field, sorted; false if none does.
func (e *Expander) glob(f *field) bool {
	before := len(e.fields)
	pat := string(f.pat)
	n := 0
	for n < len(pat) && pat[n] == '/' {
		n++
	}
	e.globFrom(pat[:n], pat[n:])
	found := e.fields[before:]
	slices.Sort(found)
	return len(found) > 0
}

// globFrom matches the components of pat below prefix.
func (e *Expander) globFrom(prefix, pat string) {
	end, wild := component(pat)
	rest := end
	for rest < len(pat) && pat[rest] == '/' {
		rest++
	}
	slashes := pat[end:rest]
	if !wild {
		e.descend(prefix+unescape(pat[:end]), slashes, pat[rest:])
		return
	}
	where := prefix
	if where == "" {
		where = "."
	}
	part := pat[:end]
	hidden := part[0] == '.' || len(part) > 1 && part[0] == '\\' && part[1] == '.'
	for _, name := range e.env.ReadDir(where) {
		if name == "" || name[0] == '.' && !hidden {
			continue
		}
		switch {
		case !Match(part, name):
		case slashes == "": // read from the directory, so it exists
			e.fields = append(e.fields, prefix+name)
		default:
			e.descend(prefix+name, slashes, pat[rest:])
		}
	}
}

// component returns the length of the first component of a pattern, and whether there are pattern characters in it. A bracket
// without its end, or with a slash before it, is ordinary.
func component(pat string) (n int, wild bool) {
	bracket := false
	for n < len(pat) && pat[n] != '/' {
		switch pat[n] {
		case '*', '?':
			wild = true
		case '[':
			bracket = true
		case ']':
			wild = wild || bracket
		case '\\':
			if n+1 < len(pat) && pat[n+1] != '/' {
				n++
			}
		}
		n++
	}
	return n, wild
}

func unescape(s string) string {
	var b []byte
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b = append(b, s[i])
	}
	return string(b)
}

// descend goes on with what follows a matched component, or takes the path if it exists.
func (e *Expander) descend(path, slashes, rest string) {
	switch {
	case rest != "":
		if e.env.Exists(path, true) {
			e.globFrom(path+slashes, rest)
		}
	case slashes != "":
		if e.env.Exists(path, true) {
			e.fields = append(e.fields, path+slashes)
		}
	case e.env.Exists(path, false):
		e.fields = append(e.fields, path)
	}
}
