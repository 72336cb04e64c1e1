package ds

// HashNode links an object into one HashTable. It must be initialised with Init before its first use.
type HashNode[T any] struct {
	next  *HashNode[T]
	prev  **HashNode[T] // what points here; nil: in no table
	hash  uint64
	owner *T
}

// Init names the object the node is embedded in.
func (n *HashNode[T]) Init(owner *T) { n.owner = owner }

// Linked reports whether the node is in a table.
func (n *HashNode[T]) Linked() bool { return n.prev != nil }

// HashTable is a chained hash table over buckets of the caller's: 2^k of them, at least one. It finds the objects of a
// hash; which of them has the right key is the caller's to compare.
type HashTable[T any] struct {
	buckets []*HashNode[T]
	n       int
}

// Init gives the table its buckets, which are empty.
func (h *HashTable[T]) Init(buckets []*HashNode[T]) {
	if len(buckets) == 0 || len(buckets)&(len(buckets)-1) != 0 {
		panic("ds: the number of buckets must be a power of two")
	}
	h.buckets = buckets
}

// Len returns the number of objects.
func (h *HashTable[T]) Len() int { return h.n }

// mix spreads a hash over all bits, so that plain numbers and addresses may serve as hashes: the finaliser of
// splitmix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, OOPSLA 2014).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func (h *HashTable[T]) bucket(hash uint64) **HashNode[T] {
	return &h.buckets[mix(hash)&uint64(len(h.buckets)-1)]
}

// Insert adds a node that is in no table, before others of its hash.
func (h *HashTable[T]) Insert(n *HashNode[T], hash uint64) {
	if n.prev != nil {
		panic("ds: node is in a table already")
	}
	n.hash = hash
	n.linkAt(h.bucket(hash))
	h.n++
}

func (n *HashNode[T]) linkAt(b **HashNode[T]) {
	n.prev, n.next = b, *b
	if n.next != nil {
		n.next.prev = &n.next
	}
	*b = n
}

// Remove takes a node out of the table; a node that is in none is left alone.
func (h *HashTable[T]) Remove(n *HashNode[T]) {
	if n.prev == nil {
		return
	}
	*n.prev = n.next
	if n.next != nil {
		n.next.prev = n.prev
	}
	n.next, n.prev = nil, nil
	h.n--
}

// First returns an object with the hash, or nil; Next another one after n's.
func (h *HashTable[T]) First(hash uint64) *T { return sameHash(*h.bucket(hash), hash) }

// Next returns the next object with the hash of n's, or nil.
func (n *HashNode[T]) Next() *T { return sameHash(n.next, n.hash) }

func sameHash[T any](n *HashNode[T], hash uint64) *T {
	for n != nil && n.hash != hash {
		n = n.next
	}
	if n == nil {
		return nil
	}
	return n.owner
}

// Each calls fn for every object until fn returns false. fn may remove the object it was called with.
func (h *HashTable[T]) Each(fn func(*T) bool) {
	for _, n := range h.buckets {
		for n != nil {
			next := n.next
			if !fn(n.owner) {
				return
			}
			n = next
		}
	}
}

// Rehash moves all objects to other buckets, which are empty, and returns the old ones.
func (h *HashTable[T]) Rehash(buckets []*HashNode[T]) (old []*HashNode[T]) {
	old = h.buckets
	h.Init(buckets)
	for i, n := range old {
		old[i] = nil
		for n != nil {
			next := n.next
			n.linkAt(h.bucket(n.hash))
			n = next
		}
	}
	return old
}
