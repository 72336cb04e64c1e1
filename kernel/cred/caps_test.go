package cred

import (
	"testing"

	"galago/kernel/errno"
)

func TestUIDChangesCaps(t *testing.T) {
	c := Root.Dup()
	defer c.Put()
	c.SetReUID(KeepID, 5)
	if c.Effective != 0 || c.Permitted != AllCaps {
		t.Errorf("effective user 5: %x %x", c.Effective, c.Permitted)
	}
	c.SetReUID(KeepID, 0)
	if c.Effective != AllCaps {
		t.Errorf("back to user 0: %x", c.Effective)
	}
	c.SetResUID(5, 5, 5)
	if c.Effective|c.Permitted != 0 {
		t.Errorf("no user 0 left: %x %x", c.Effective, c.Permitted)
	}
	k := Root.Dup()
	defer k.Put()
	k.SecureBits = KeepCaps
	k.SetResUID(5, 5, 5)
	if k.Effective != 0 || k.Permitted != AllCaps {
		t.Errorf("kept: %x %x", k.Effective, k.Permitted)
	}
}

func TestSetCaps(t *testing.T) {
	c := user(5)
	defer c.Put()
	c.Permitted = 1 << SysNice
	for _, test := range []struct {
		effective, permitted, inheritable CapSet
		want                              errno.Errno
	}{
		{1 << SysNice, 1 << SysNice, 1 << SysNice, errno.OK},
		{1 << SysTime, 1 << SysNice, 0, errno.EPERM},
		{0, 1 << SysTime, 0, errno.EPERM},
		{0, 1 << SysNice, 1 << SysTime, errno.EPERM},
		{0, 0, 0, errno.OK},
		{0, 1 << SysNice, 0, errno.EPERM},
	} {
		if e := c.SetCaps(test.effective, test.permitted, test.inheritable); e != test.want {
			t.Errorf("%+v: %v", test, e)
		}
	}
}

func TestExec(t *testing.T) {
	for _, test := range []struct {
		name      string
		uid       uint32
		setUID    bool
		prepare   func(c *Cred)
		effective CapSet
		secure    bool
	}{
		{"root", 0, false, nil, AllCaps, false},
		{"user", 5, false, nil, 0, false},
		{"set-user-ID root", 5, true, nil, AllCaps, true},
		{"no new privileges", 5, true, func(c *Cred) { c.NoNewPrivs = true }, 0, false},
		{"bounded", 0, false, func(c *Cred) { c.Bounding = 1 << Kill }, 1 << Kill, false},
		{"no root", 0, false, func(c *Cred) { c.SecureBits = NoRoot }, 0, false},
		{"ambient", 5, false, func(c *Cred) {
			c.Permitted, c.Inheritable = 1<<Kill, 1<<Kill
			c.RaiseAmbient(Kill)
		}, 1 << Kill, false},
	} {
		c := user(test.uid)
		if test.prepare != nil {
			test.prepare(c)
		}
		if secure := c.Exec(0, 0, test.setUID, false); secure != test.secure || c.Effective != test.effective {
			t.Errorf("%s: effective %x, secure %t", test.name, c.Effective, secure)
		}
		c.Put()
	}
}
