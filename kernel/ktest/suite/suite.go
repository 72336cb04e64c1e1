//go:build galago

// Package suite is the tests that run inside the kernel, a file for each package they test; see package ktest. They are in the
// kernel only if it is built with tag ktest, best together with lockdep and memdebug.
package suite
