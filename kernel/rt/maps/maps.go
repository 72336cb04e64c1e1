//go:build galago || galago_user

// Package maps replaces internal/runtime/maps: only the types that cmd/link's DWARF pass looks up by name.
// There are no maps without a runtime.
package maps

import "unsafe"

// Map stands for the header of a map.
type Map struct {
	used   uint64
	seed   uintptr
	dirPtr unsafe.Pointer
	dirLen int
}

type table struct {
	used   uint16
	groups groupsReference
}

type groupsReference struct {
	data       unsafe.Pointer
	lengthMask uint64
}
