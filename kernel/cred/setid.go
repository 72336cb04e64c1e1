package cred

import "galago/kernel/errno"

// The set…id family, on a private copy: rules of credentials(7) and of each call's own page. Each returns EPERM
// when the holder is not privileged and asks for an identity it does not have.

// SetUserID is setuid(2): the superuser sets all identities, anybody else only the effective one.
func (c *Cred) SetUserID(uid uint32) errno.Errno {
	if uid == KeepID {
		return errno.EINVAL
	}
	u, e, s := c.UID, c.EUID, c.SUID
	if c.Capable(SetUID) {
		c.UID, c.SUID = uid, uid
	} else if uid != c.UID && uid != c.SUID {
		return errno.EPERM
	}
	c.EUID, c.FSUID = uid, uid
	c.fixup(u, e, s)
	return errno.OK
}

// SetGroupID is setgid(2).
func (c *Cred) SetGroupID(gid uint32) errno.Errno {
	if gid == KeepID {
		return errno.EINVAL
	}
	if c.Capable(SetGID) {
		c.GID, c.SGID = gid, gid
	} else if gid != c.GID && gid != c.SGID {
		return errno.EPERM
	}
	c.EGID, c.FSGID = gid, gid
	return errno.OK
}

// SetReUID is setreuid(2).
func (c *Cred) SetReUID(ruid, euid uint32) errno.Errno {
	if !c.Capable(SetUID) {
		if ruid != KeepID && ruid != c.UID && ruid != c.EUID {
			return errno.EPERM
		}
		if euid != KeepID && euid != c.UID && euid != c.EUID && euid != c.SUID {
			return errno.EPERM
		}
	}
	old, e, s := c.UID, c.EUID, c.SUID
	if ruid != KeepID {
		c.UID = ruid
	}
	if euid != KeepID {
		c.EUID = euid
	}
	if ruid != KeepID || (euid != KeepID && euid != old) {
		c.SUID = c.EUID
	}
	c.FSUID = c.EUID
	c.fixup(old, e, s)
	return errno.OK
}

// SetReGID is setregid(2).
func (c *Cred) SetReGID(rgid, egid uint32) errno.Errno {
	if !c.Capable(SetGID) {
		if rgid != KeepID && rgid != c.GID && rgid != c.EGID {
			return errno.EPERM
		}
		if egid != KeepID && egid != c.GID && egid != c.EGID && egid != c.SGID {
			return errno.EPERM
		}
	}
	old := c.GID
	if rgid != KeepID {
		c.GID = rgid
	}
	if egid != KeepID {
		c.EGID = egid
	}
	if rgid != KeepID || (egid != KeepID && egid != old) {
		c.SGID = c.EGID
	}
	c.FSGID = c.EGID
	return errno.OK
}

// SetResUID is setresuid(2).
func (c *Cred) SetResUID(ruid, euid, suid uint32) errno.Errno {
	if !c.Capable(SetUID) {
		for _, id := range [3]uint32{ruid, euid, suid} {
			if id != KeepID && id != c.UID && id != c.EUID && id != c.SUID {
				return errno.EPERM
			}
		}
	}
	u, e, s := c.UID, c.EUID, c.SUID
	set(&c.UID, ruid)
	set(&c.EUID, euid)
	set(&c.SUID, suid)
	c.FSUID = c.EUID
	c.fixup(u, e, s)
	return errno.OK
}

// SetResGID is setresgid(2).
func (c *Cred) SetResGID(rgid, egid, sgid uint32) errno.Errno {
	if !c.Capable(SetGID) {
		for _, id := range [3]uint32{rgid, egid, sgid} {
			if id != KeepID && id != c.GID && id != c.EGID && id != c.SGID {
				return errno.EPERM
			}
		}
	}
	set(&c.GID, rgid)
	set(&c.EGID, egid)
	set(&c.SGID, sgid)
	c.FSGID = c.EGID
	return errno.OK
}

// SetFSUID is setfsuid(2): it returns the former ID and changes nothing when that is not allowed.
func (c *Cred) SetFSUID(uid uint32) (old uint32) {
	old = c.FSUID
	if uid == c.UID || uid == c.EUID || uid == c.SUID || uid == c.FSUID || c.Capable(SetUID) {
		set(&c.FSUID, uid)
		c.fixupFS(old)
	}
	return old
}

// SetFSGID is setfsgid(2).
func (c *Cred) SetFSGID(gid uint32) (old uint32) {
	old = c.FSGID
	if gid == c.GID || gid == c.EGID || gid == c.SGID || gid == c.FSGID || c.Capable(SetGID) {
		set(&c.FSGID, gid)
	}
	return old
}

func set(p *uint32, id uint32) {
	if id != KeepID {
		*p = id
	}
}
