//go:build !galago

// Package galhost is galfs on the host: it makes file systems, fills and reads them without a running kernel, and checks
// them. It runs the kernel's own code (package galfs) over a Device.
//
// What it writes is a function of its inputs alone: with FormatOptions.UUID and Time and MountOptions.Time given, the same calls
// give the same image, byte for byte.
package galhost
