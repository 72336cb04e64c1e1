//go:build galago_user

// Command id prints user and group numbers and names (POSIX.1-2017 XCU id).
package main

import (
	"galago/libc/cmd"
	"galago/libc/stdio"
	"galago/libc/str"
	"galago/libc/sys"
	"galago/libc/users"
)

// identity is what there is to print.
type identity struct {
	uid, euid, gid, egid int
	groups               []int
}

func main() {
	o := cmd.Options("[-G | -g | -u] [-nr] [user]", "Ggunr", "groups=G", "group=g", "user=u", "name=n", "real=r")
	what, name, real := byte(0), false, false
	for o.Next() {
		switch o.Opt {
		case 'n':
			name = true
		case 'r':
			real = true
		default:
			if what != 0 && what != o.Opt {
				cmd.Die("cannot print more than one of -G, -g and -u")
			}
			what = o.Opt
		}
	}
	o.Need(0, 1)
	if what == 0 && (name || real) {
		cmd.Die("cannot print only names or real numbers in default format")
	}
	var who identity
	if len(o.Ops) == 1 {
		who = ofUser(o.Ops[0])
	} else {
		who = ofProcess()
	}
	if real {
		who.euid, who.egid = who.uid, who.gid
	}
	show(who, what, name)
	stdio.Out.Putc('\n')
	cmd.Done()
}

func ofProcess() identity {
	w := identity{uid: sys.Getuid(), euid: sys.Geteuid(), gid: sys.Getgid(), egid: sys.Getegid()}
	w.add(w.egid)
	for _, g := range sys.Getgroups() {
		w.add(int(g))
	}
	return w
}

func ofUser(name string) identity {
	u := users.User(name)
	if u == nil {
		stdio.Fatal(1, "'"+name+"': no such user", 0)
	}
	w := identity{uid: u.ID, euid: u.ID, gid: u.GID, egid: u.GID}
	w.add(u.GID)
	for _, g := range users.Groups() {
		for _, m := range g.Members {
			if m == name {
				w.add(g.ID)
			}
		}
	}
	return w
}

func (w *identity) add(g int) {
	for _, have := range w.groups {
		if have == g {
			return
		}
	}
	w.groups = append(w.groups, g)
}

func show(w identity, what byte, name bool) {
	number := func(id int, nameOf func(int) string) string {
		if name {
			return nameOf(id)
		}
		return str.Itoa(int64(id))
	}
	switch what {
	case 'u':
		stdio.Puts(number(w.euid, users.UserName))
	case 'g':
		stdio.Puts(number(w.egid, users.GroupName))
	case 'G':
		for i, g := range w.groups {
			if i > 0 {
				stdio.Out.Putc(' ')
			}
			stdio.Puts(number(g, users.GroupName))
		}
	default:
		long(w)
	}
}

func long(w identity) {
	user := func(id int) {
		stdio.Printf("%d", id)
		if users.HasUser(id) {
			stdio.Printf("(%s)", users.UserName(id))
		}
	}
	group := func(id int) {
		stdio.Printf("%d", id)
		if users.HasGroup(id) {
			stdio.Printf("(%s)", users.GroupName(id))
		}
	}
	stdio.Puts("uid=")
	user(w.uid)
	stdio.Puts(" gid=")
	group(w.gid)
	if w.euid != w.uid {
		stdio.Puts(" euid=")
		user(w.euid)
	}
	if w.egid != w.gid {
		stdio.Puts(" egid=")
		group(w.egid)
	}
	for i, g := range w.groups {
		if i == 0 {
			stdio.Puts(" groups=")
		} else {
			stdio.Out.Putc(',')
		}
		group(g)
	}
}
