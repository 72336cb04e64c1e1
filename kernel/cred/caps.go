package cred

import "galago/kernel/errno"

// Capabilities as capabilities(7) has them: what the superuser may do, in parts.

// More capabilities that the kernel asks for.
const (
	SetPCap         Cap = 8
	IPCLock         Cap = 14
	SysPacct        Cap = 20
	Lease           Cap = 28
	SetFCap         Cap = 31
	Syslog          Cap = 34
	BlockSuspend    Cap = 36
	CheckpointStore Cap = 40
	// LastCap is the highest number there is.
	LastCap = CheckpointStore
)

// CapSet is a set of capabilities: bit n is capability n.
type CapSet uint64

// AllCaps is every capability.
const AllCaps CapSet = 1<<(LastCap+1) - 1

// Has reports whether c is in the set.
func (s CapSet) Has(c Cap) bool { return s>>c&1 != 0 }

// fsCaps are those that go by the file-system user ID (setfsuid(2)).
const fsCaps CapSet = 1<<Chown | 1<<DACOverride | 1<<DACReadSearch | 1<<FOwner | 1<<FSetID | 1<<LinuxImmutable | 1<<MkNod | 1<<32

// Securebits of capabilities(7); each has a lock in the next higher bit.
const (
	NoRoot           = 1 << 0
	NoRootLocked     = 1 << 1
	NoSetUIDFixup    = 1 << 2
	KeepCaps         = 1 << 4
	KeepCapsLocked   = 1 << 5
	NoCapAmbient     = 1 << 6
	secureBitsAll    = 0xff
	secureBitsLocks  = 0xaa
	secureBitsValues = 0x55
)

// Caps are the sets of a thread.
type Caps struct {
	Inheritable, Permitted, Effective, Bounding, Ambient CapSet
	SecureBits                                           uint32
	NoNewPrivs                                           bool
}

// Capable tells whether the holder may do what cap stands for.
func (c *Cred) Capable(cap Cap) bool { return c.Effective.Has(cap) }

// FSCapable is Capable for file-system checks.
func (c *Cred) FSCapable(cap Cap) bool { return c.Effective.Has(cap) }

// fixup adapts the sets to a change of user IDs from uid, euid, suid (capabilities(7), "Effect of user ID changes").
func (c *Cred) fixup(uid, euid, suid uint32) {
	if c.SecureBits&NoSetUIDFixup != 0 {
		return
	}
	had := uid == 0 || euid == 0 || suid == 0
	has := c.UID == 0 || c.EUID == 0 || c.SUID == 0
	if had && !has && c.SecureBits&KeepCaps == 0 {
		c.Permitted, c.Effective, c.Ambient = 0, 0, 0
	} else if had && !has {
		c.Ambient = 0
	}
	switch {
	case euid == 0 && c.EUID != 0:
		c.Effective = 0
	case euid != 0 && c.EUID == 0:
		c.Effective = c.Permitted
	}
}

// fixupFS adapts the effective set to a change of the file-system user ID.
func (c *Cred) fixupFS(old uint32) {
	if c.SecureBits&NoSetUIDFixup != 0 {
		return
	}
	switch {
	case old == 0 && c.FSUID != 0:
		c.Effective &^= fsCaps
	case old != 0 && c.FSUID == 0:
		c.Effective |= c.Permitted & fsCaps
	}
}

// SetCaps is capset(2) on a private copy: EPERM when a set would grow beyond what its rule allows.
func (c *Cred) SetCaps(effective, permitted, inheritable CapSet) errno.Errno {
	limit := c.Inheritable | c.Permitted
	if c.Capable(SetPCap) {
		limit |= c.Inheritable | c.Bounding
	}
	switch {
	case inheritable&^limit != 0,
		inheritable&^(c.Inheritable|c.Bounding) != 0,
		permitted&^c.Permitted != 0,
		effective&^permitted != 0:
		return errno.EPERM
	}
	c.Effective, c.Permitted, c.Inheritable = effective, permitted, inheritable
	c.Ambient &= permitted & inheritable
	return errno.OK
}

// SetSecureBits is prctl(PR_SET_SECUREBITS) on a private copy: EPERM.
func (c *Cred) SetSecureBits(bits uint32) errno.Errno {
	locked := c.SecureBits & secureBitsLocks
	switch {
	case bits&^secureBitsAll != 0,
		bits&locked != locked,
		(bits^c.SecureBits)&(locked>>1)&secureBitsValues != 0,
		!c.Capable(SetPCap):
		return errno.EPERM
	}
	c.SecureBits = bits
	return errno.OK
}

// RaiseAmbient is prctl(PR_CAP_AMBIENT_RAISE) on a private copy: EPERM.
func (c *Cred) RaiseAmbient(cap Cap) errno.Errno {
	if !c.Permitted.Has(cap) || !c.Inheritable.Has(cap) || c.SecureBits&NoCapAmbient != 0 {
		return errno.EPERM
	}
	c.Ambient |= 1 << cap
	return errno.OK
}

// Exec transforms a private copy for a program (capabilities(7), "Transformation of capabilities during execve()"). setUID and setGID say
// whose identity the file lends, if any; files carry no capabilities of their own, so that only root and the ambient set matter. It reports whether the
// program has more rights than its caller (AT_SECURE).
func (c *Cred) Exec(uid, gid uint32, setUID, setGID bool) (secure bool) {
	if c.NoNewPrivs {
		setUID, setGID = false, false
	}
	oldUID, oldGID := c.EUID, c.EGID
	if setUID {
		c.EUID = uid
	}
	if setGID {
		c.EGID = gid
	}
	changed := setUID && uid != oldUID || setGID && gid != oldGID
	if changed {
		c.Ambient = 0
	}
	c.SUID, c.FSUID, c.SGID, c.FSGID = c.EUID, c.EUID, c.EGID, c.EGID
	filePermitted, fileInheritable, fileEffective := CapSet(0), CapSet(0), false
	if c.SecureBits&NoRoot == 0 && (c.EUID == 0 || c.UID == 0) {
		filePermitted, fileInheritable = AllCaps, AllCaps
		fileEffective = c.EUID == 0
	}
	c.Permitted = c.Inheritable&fileInheritable | filePermitted&c.Bounding | c.Ambient
	if fileEffective {
		c.Effective = c.Permitted
	} else {
		c.Effective = c.Ambient
	}
	c.SecureBits &^= KeepCaps
	return c.UID != c.EUID || c.GID != c.EGID || c.UID != 0 && c.Permitted&^c.Ambient != 0
}
