package tmpfs

// For file systems that are a tmpfs but for what names they have (devpts).
type (
	// SuperOps is vfs.SuperOps.
	SuperOps = superOps
	// InodeOps is vfs.InodeOps; directories are locked by the caller, as by vfs.
	InodeOps = inodeOps
)
