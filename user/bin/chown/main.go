//go:build galago_user

// Command chown changes the owner and group of files (POSIX.1-2017 XCU chown); called as chgrp, the group.
package main

import (
	"galago/libc/cmd"
	"galago/libc/dir"
	"galago/libc/stdio"
	"galago/libc/str"
	"galago/libc/sys"
	"galago/libc/users"
	"galago/libc/walk"
)

var (
	recursive, noDeref, silent, verbose bool
	follow                              byte // with -R: H, L or P
	uid, gid                            = -1, -1
)

func main() {
	groupOnly := stdio.Name == "chgrp"
	usage := "[-fhvR [-H | -L | -P]] owner[:group] file..."
	if groupOnly {
		usage = "[-fhvR [-H | -L | -P]] group file..."
	}
	o := cmd.Options(usage, "cfhHLPRv", "changes=c", "silent=f", "quiet=f", "no-dereference=h", "recursive=R", "verbose=v",
		"reference:=\x01")
	reference := ""
	for o.Next() {
		switch o.Opt {
		case 'f':
			silent = true
		case 'h':
			noDeref = true
		case 'H', 'L', 'P':
			follow = o.Opt
		case 'R':
			recursive = true
		case 'v', 'c':
			verbose = true
		case 1:
			reference = o.Arg
		}
	}
	ops := o.Ops
	if reference != "" {
		o.Need(1, -1)
		var st sys.Stat
		if e := sys.StatPath(reference, &st); e != 0 {
			stdio.Fatal(1, "failed to get attributes of '"+reference+"'", e)
		}
		gid = int(st.GID)
		if !groupOnly {
			uid = int(st.UID)
		}
	} else {
		o.Need(2, -1)
		owner(ops[0], groupOnly)
		ops = ops[1:]
	}
	for _, p := range ops {
		change(p, true)
	}
	cmd.Done()
}

// owner reads user, user:group, :group, or user: which stands for the user's own group.
func owner(spec string, groupOnly bool) {
	user, group, sep := spec, "", false
	if groupOnly {
		user, group = "", spec
	} else {
		user, group, sep = str.Cut(spec, ':')
	}
	ok := true
	if user != "" {
		if uid, ok = users.UserID(user); !ok {
			cmd.Die("invalid user: '" + spec + "'")
		}
	}
	switch {
	case group != "":
		if gid, ok = users.GroupID(group); !ok {
			cmd.Die("invalid group: '" + spec + "'")
		}
	case sep && user != "":
		u := users.User(user)
		if u == nil {
			cmd.Die("invalid spec: '" + spec + "'")
		}
		gid = u.GID
	}
}

func fail(what string, e sys.Errno) {
	if silent {
		cmd.Status = 1
		return
	}
	cmd.Fail(what, e)
}

func change(path string, operand bool) {
	var st sys.Stat
	if e := sys.Lstat(path, &st); e != 0 {
		fail("cannot access '"+path+"'", e)
		return
	}
	through := !recursive && !noDeref || recursive && (follow == 'L' || follow == 'H' && operand)
	if through && st.Mode&sys.S_IFMT == sys.S_IFLNK {
		if e := sys.StatPath(path, &st); e != 0 {
			fail("cannot dereference '"+path+"'", e)
			return
		}
	}
	set := sys.Lchown
	if through {
		set = sys.Chown
	}
	if e := set(path, uid, gid); e != 0 {
		what := "changing ownership of '"
		if uid < 0 {
			what = "changing group of '"
		}
		fail(what+path+"'", e)
	} else if verbose {
		stdio.Puts("changed ownership of '" + path + "'\n")
	}
	if recursive && st.Mode&sys.S_IFMT == sys.S_IFDIR {
		if e := walk.Dir(path, func(p string, _ *dir.Entry) { change(p, false) }); e != 0 {
			fail("cannot read directory '"+path+"'", e)
		}
	}
}
