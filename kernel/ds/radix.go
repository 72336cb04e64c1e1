package ds

const (
	radixBits  = 6
	radixSlots = 1 << radixBits
	radixMask  = radixSlots - 1
	radixTags  = 2
	maxHeight  = (64 + radixBits - 1) / radixBits
)

// RadixNode is an inner node; the tree's user supplies them through a RadixAllocator.
type RadixNode struct {
	slots  [radixSlots]radixSlot
	tags   [radixTags]uint64 // bit i: something tagged below slot i
	parent *RadixNode
	pos    uint8 // slot in parent
	count  uint8 // slots in use
}

// RadixAllocator supplies zeroed nodes. Alloc returns nil when memory is short.
type RadixAllocator interface {
	Alloc() *RadixNode
	Free(*RadixNode)
}

// Radix maps uint64 to *T, sparsely: a 64-way radix tree, as high as its largest index needs. Each entry has two tags,
// by which entries are found without visiting the others.
type Radix[T any] struct {
	root   radixSlot
	height uint8 // levels of nodes; 0: only index 0, in root itself
	rtags  [radixTags]bool
	nodes  RadixAllocator
	n      int
}

// Init names the allocator.
func (r *Radix[T]) Init(a RadixAllocator) { r.nodes = a }

// Len returns the number of entries.
func (r *Radix[T]) Len() int { return r.n }

func (r *Radix[T]) fits(i uint64) bool {
	return int(r.height)*radixBits >= 64 || i>>(uint(r.height)*radixBits) == 0
}

// leaf returns the bottom node for index i, or nil; height is at least 1.
func (r *Radix[T]) leaf(i uint64) *RadixNode {
	n := r.root.node()
	for h := uint(r.height) - 1; h > 0 && n != nil; h-- {
		n = n.slots[i>>(h*radixBits)&radixMask].node()
	}
	return n
}

// Get returns the entry at index i, or nil.
func (r *Radix[T]) Get(i uint64) *T {
	if !r.fits(i) {
		return nil
	}
	if r.height == 0 {
		return (*T)(r.root.ptr())
	}
	n := r.leaf(i)
	if n == nil {
		return nil
	}
	return (*T)(n.slots[i&radixMask].ptr())
}

// grow adds levels on top until index i fits.
func (r *Radix[T]) grow(i uint64) bool {
	for !r.fits(i) {
		if r.root.empty() {
			r.height++
			continue
		}
		n := r.nodes.Alloc()
		if n == nil {
			return false
		}
		n.slots[0] = r.root
		n.count = 1
		for t := range r.rtags {
			if r.rtags[t] {
				n.tags[t] = 1
			}
		}
		if r.height > 0 {
			r.root.node().parent = n
			r.root.node().pos = 0
		}
		r.root.setNode(n)
		r.height++
	}
	return true
}

// Set stores v, which is not nil, at index i, untagged if the index was empty. False: no memory, nothing changed.
func (r *Radix[T]) Set(i uint64, v *T) bool {
	if !r.grow(i) {
		return false
	}
	if r.height == 0 {
		if r.root.empty() {
			r.n++
		}
		r.root.setPtr(ptr(v))
		return true
	}
	var parent *RadixNode
	slot, pos := &r.root, uint8(0)
	for h := int(r.height) - 1; h >= 0; h-- {
		n := slot.node()
		if n == nil {
			if n = r.nodes.Alloc(); n == nil {
				r.prune(parent)
				return false
			}
			n.parent, n.pos = parent, pos
			slot.setNode(n)
			if parent != nil {
				parent.count++
			}
		}
		parent, pos = n, uint8(i>>(uint(h)*radixBits)&radixMask)
		slot = &n.slots[pos]
	}
	if slot.empty() {
		parent.count++
		r.n++
	}
	slot.setPtr(ptr(v))
	return true
}

// Delete removes and returns the entry at index i, or nil.
func (r *Radix[T]) Delete(i uint64) *T {
	v := r.Get(i)
	if v == nil {
		return nil
	}
	r.n--
	if r.height == 0 {
		r.root.clear()
		r.rtags = [radixTags]bool{}
		return v
	}
	for t := range radixTags {
		r.ClearTag(i, t)
	}
	n := r.leaf(i)
	n.slots[i&radixMask].clear()
	n.count--
	r.prune(n)
	return v
}

// prune frees n and its ancestors as far as they are empty.
func (r *Radix[T]) prune(n *RadixNode) {
	for n != nil && n.count == 0 {
		p := n.parent
		if p == nil {
			r.root.clear()
			r.height = 0
		} else {
			p.slots[n.pos].clear()
			p.count--
		}
		r.nodes.Free(n)
		n = p
	}
	if r.n == 0 {
		r.height = 0
	}
}

// SetTag marks the entry at index i, if there is one.
func (r *Radix[T]) SetTag(i uint64, tag int) {
	if r.Get(i) == nil {
		return
	}
	r.rtags[tag] = true
	if r.height == 0 {
		return
	}
	pos := uint8(i & radixMask)
	for n := r.leaf(i); n != nil; n = n.parent {
		if n.tags[tag]>>pos&1 != 0 {
			return
		}
		n.tags[tag] |= 1 << pos
		pos = n.pos
	}
}

// ClearTag unmarks it.
func (r *Radix[T]) ClearTag(i uint64, tag int) {
	if !r.fits(i) {
		return
	}
	if r.height == 0 {
		r.rtags[tag] = false
		return
	}
	pos := uint8(i & radixMask)
	for n := r.leaf(i); n != nil; n = n.parent {
		n.tags[tag] &^= 1 << pos
		if n.tags[tag] != 0 {
			return
		}
		pos = n.pos
	}
	if n := r.leaf(i); n != nil {
		r.rtags[tag] = false
	}
}

// HasTag reports whether the entry at index i is marked.
func (r *Radix[T]) HasTag(i uint64, tag int) bool {
	if !r.fits(i) {
		return false
	}
	if r.height == 0 {
		return r.rtags[tag]
	}
	n := r.leaf(i)
	return n != nil && n.tags[tag]>>(i&radixMask)&1 != 0
}

// Next returns the first entry at or after index i, with its index; nil at the end.
func (r *Radix[T]) Next(i uint64) (uint64, *T) { return r.next(i, -1) }

// NextTagged returns the first marked entry at or after index i.
func (r *Radix[T]) NextTagged(i uint64, tag int) (uint64, *T) { return r.next(i, tag) }

func (r *Radix[T]) next(i uint64, tag int) (uint64, *T) {
	if !r.fits(i) || r.root.empty() || tag >= 0 && !r.rtags[tag] {
		return 0, nil
	}
	if r.height == 0 {
		return 0, (*T)(r.root.ptr())
	}
	// Descend to i, and when a node has nothing from the wanted slot on, go on after it one level up.
	n, h := r.root.node(), uint(r.height)-1
	for {
		s := uint(i >> (h * radixBits) & radixMask)
		for s < radixSlots && !n.has(s, tag) {
			s++
		}
		if s == radixSlots {
			// Nothing here: the next index to try is the one after this node's range.
			for s == radixSlots {
				if n.parent == nil {
					return 0, nil
				}
				s = uint(n.pos) + 1
				n = n.parent
				h++
			}
			if s<<(h*radixBits)>>(h*radixBits) != s {
				return 0, nil // beyond 2^64: the highest level uses 16 of its slots only
			}
			i = (i>>((h+1)*radixBits)<<radixBits | uint64(s)) << (h * radixBits)
			if (h+1)*radixBits >= 64 {
				i = uint64(s) << (h * radixBits)
			}
			continue
		}
		if s != uint(i>>(h*radixBits)&radixMask) {
			low := (h + 1) * radixBits
			if low >= 64 {
				i = 0
			} else {
				i = i >> low << low
			}
			i |= uint64(s) << (h * radixBits)
		}
		if h == 0 {
			return i, (*T)(n.slots[s].ptr())
		}
		n = n.slots[s].node()
		h--
	}
}

func (n *RadixNode) has(s uint, tag int) bool {
	if tag >= 0 {
		return n.tags[tag]>>s&1 != 0
	}
	return !n.slots[s].empty()
}
