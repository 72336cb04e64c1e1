//go:build galago_user

// Package users looks names and numbers up in /etc/passwd and /etc/group. Both files are read once.
package users

import (
	"galago/libc/stdio"
	"galago/libc/str"
	"galago/libc/sys"
)

// Entry is a user or group: a line of the data base.
type Entry struct {
	Name    string
	ID      int
	GID     int      // users only
	Members []string // groups only
	Home    string   // users only
}

var passwd, group struct {
	loaded bool
	list   []Entry
}

// Users returns all users.
func Users() []Entry {
	if !passwd.loaded {
		passwd.loaded = true
		passwd.list = load("/etc/passwd", func(e *Entry, f []string) {
			if len(f) >= 4 {
				gid, _ := str.Atoi(f[3])
				e.GID = int(gid)
			}
			if len(f) >= 6 {
				e.Home = f[5]
			}
		})
	}
	return passwd.list
}

// Groups returns all groups.
func Groups() []Entry {
	if !group.loaded {
		group.loaded = true
		group.list = load("/etc/group", func(e *Entry, f []string) {
			if len(f) >= 4 && f[3] != "" {
				e.Members = str.Split(f[3], ',')
			}
		})
	}
	return group.list
}

func load(path string, fill func(e *Entry, fields []string)) []Entry {
	fd, e := sys.Open(path, sys.O_RDONLY|sys.O_CLOEXEC, 0)
	if e != 0 {
		return nil
	}
	text, _ := stdio.ReadAll(fd)
	sys.Close(fd)
	var list []Entry
	for _, line := range str.Split(string(text), '\n') {
		f := str.Split(line, ':')
		if len(f) < 3 {
			continue
		}
		if id, ok := str.Atoi(f[2]); ok {
			e := Entry{Name: f[0], ID: int(id)}
			fill(&e, f)
			list = append(list, e)
		}
	}
	return list
}

func byID(list []Entry, id int) string {
	for i := range list {
		if list[i].ID == id {
			return list[i].Name
		}
	}
	return ""
}

// UserName returns the name of a user, or the number if there is none.
func UserName(id int) string {
	if n := byID(Users(), id); n != "" {
		return n
	}
	return str.Itoa(int64(id))
}

// GroupName returns the name of a group, or the number if there is none.
func GroupName(id int) string {
	if n := byID(Groups(), id); n != "" {
		return n
	}
	return str.Itoa(int64(id))
}

// HasUser and HasGroup report whether a number has a name.
func HasUser(id int) bool  { return byID(Users(), id) != "" }
func HasGroup(id int) bool { return byID(Groups(), id) != "" }

// User finds a user by name; nil if there is none.
func User(name string) *Entry { return byName(Users(), name) }

// Group finds a group by name; nil if there is none.
func Group(name string) *Entry { return byName(Groups(), name) }

func byName(list []Entry, name string) *Entry {
	for i := range list {
		if list[i].Name == name {
			return &list[i]
		}
	}
	return nil
}

// UserID returns the number of a user given by name or number.
func UserID(s string) (id int, ok bool) {
	if e := User(s); e != nil {
		return e.ID, true
	}
	v, ok := str.ParseUint(s, 10)
	return int(v), ok && v < 1<<32-1
}

// GroupID returns the number of a group given by name or number.
func GroupID(s string) (id int, ok bool) {
	if e := Group(s); e != nil {
		return e.ID, true
	}
	v, ok := str.ParseUint(s, 10)
	return int(v), ok && v < 1<<32-1
}
