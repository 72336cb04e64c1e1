package ds

import "unsafe"

// radixSlot holds a child node or an entry; the level tells which.
type radixSlot struct{ p unsafe.Pointer }

func (s *radixSlot) node() *RadixNode        { return (*RadixNode)(s.p) }
func (s *radixSlot) ptr() unsafe.Pointer     { return s.p }
func (s *radixSlot) setNode(n *RadixNode)    { s.p = unsafe.Pointer(n) }
func (s *radixSlot) setPtr(p unsafe.Pointer) { s.p = p }
func (s *radixSlot) empty() bool             { return s.p == nil }
func (s *radixSlot) clear()                  { s.p = nil }
func ptr[T any](p *T) unsafe.Pointer         { return unsafe.Pointer(p) }
