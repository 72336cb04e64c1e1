package cred

import (
	"math/rand"
	"os"
	"testing"

	"galago/kernel/errno"
	"galago/kernel/mem"
)

func TestMain(m *testing.M) {
	mem.HostInit(32 << 20)
	os.Exit(m.Run())
}

func user(uid uint32) *Cred {
	c := Root.Dup()
	c.UID, c.EUID, c.SUID, c.FSUID = uid, uid, uid, uid
	c.GID, c.EGID, c.SGID, c.FSGID = uid, uid, uid, uid
	if uid != 0 {
		c.Permitted, c.Effective = 0, 0
	}
	return c
}

func ids(c *Cred) [4]uint32 { return [4]uint32{c.UID, c.EUID, c.SUID, c.FSUID} }

func TestSetIDs(t *testing.T) {
	const k = KeepID
	for _, test := range []struct {
		name string
		from [3]uint32 // real, effective, saved
		do   func(c *Cred) errno.Errno
		err  errno.Errno
		want [4]uint32
	}{
		{"setuid by root", [3]uint32{0, 0, 0}, func(c *Cred) errno.Errno { return c.SetUserID(5) }, 0, [4]uint32{5, 5, 5, 5}},
		{"setuid to saved", [3]uint32{5, 5, 9}, func(c *Cred) errno.Errno { return c.SetUserID(9) }, 0, [4]uint32{5, 9, 9, 9}},
		{"setuid to another", [3]uint32{5, 5, 9}, func(c *Cred) errno.Errno { return c.SetUserID(7) }, errno.EPERM, [4]uint32{5, 5, 9, 5}},
		{"setuid -1", [3]uint32{0, 0, 0}, func(c *Cred) errno.Errno { return c.SetUserID(k) }, errno.EINVAL, [4]uint32{}},
		{"setreuid swap", [3]uint32{5, 9, 9}, func(c *Cred) errno.Errno { return c.SetReUID(9, 5) }, 0, [4]uint32{9, 5, 5, 5}},
		{"setreuid effective to real", [3]uint32{5, 9, 9}, func(c *Cred) errno.Errno { return c.SetReUID(k, 5) }, 0, [4]uint32{5, 5, 9, 5}},
		{"setreuid real to saved", [3]uint32{5, 6, 9}, func(c *Cred) errno.Errno { return c.SetReUID(9, k) }, errno.EPERM, [4]uint32{5, 6, 9, 6}},
		{"setresuid", [3]uint32{5, 6, 9}, func(c *Cred) errno.Errno { return c.SetResUID(9, 5, 6) }, 0, [4]uint32{9, 5, 6, 5}},
		{"setresuid to another", [3]uint32{5, 6, 9}, func(c *Cred) errno.Errno { return c.SetResUID(k, k, 7) }, errno.EPERM, [4]uint32{5, 6, 9, 6}},
	} {
		c := user(test.from[0])
		c.EUID, c.SUID, c.FSUID = test.from[1], test.from[2], test.from[1]
		if err := test.do(c); err != test.err || ids(c) != test.want {
			t.Errorf("%s: %v %v, want %v %v", test.name, err, ids(c), test.err, test.want)
		}
		c.Put()
	}
}

func TestFSUID(t *testing.T) {
	c := user(5)
	defer c.Put()
	if old := c.SetFSUID(7); old != 5 || c.FSUID != 5 {
		t.Error("a user may not act as another")
	}
	r := Root.Dup()
	defer r.Put()
	if old := r.SetFSUID(7); old != 0 || r.FSUID != 7 || r.FSCapable(DACOverride) || !r.Capable(SysAdmin) {
		t.Error("file-system privileges follow the file-system ID, others the effective one")
	}
}

func TestGroups(t *testing.T) {
	c := user(5)
	list := make([]uint32, 3000)
	in := map[uint32]bool{5: true}
	for k := range list {
		list[k] = uint32(rand.Intn(20000))
		in[list[k]] = true
	}
	if err := c.SetGroups(list); err != 0 {
		t.Fatal(err)
	}
	d := c.Dup()
	c.Put()
	for g := range uint32(20000) {
		if d.InGroup(g) != in[g] {
			t.Fatalf("group %d: %v", g, d.InGroup(g))
		}
	}
	if err := d.SetGroups(make([]uint32, MaxGroups+1)); err != errno.EINVAL {
		t.Errorf("too many: %v", err)
	}
	if err := d.SetGroups(nil); err != 0 || d.InGroup(list[0]) && list[0] != 5 {
		t.Error("groups left")
	}
	d.Put()
}
