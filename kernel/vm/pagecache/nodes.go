package pagecache

import (
	"unsafe"

	"galago/kernel/ds"
	"galago/kernel/lock"
	"galago/kernel/mem"
)

// nodeStock hands radix nodes to trees whose spin lock is held, where an allocation must not start reclaim (which takes
// such locks itself). Whoever is about to insert reserves the most that an insertion can need, before locking.
type nodeStock struct {
	lock     lock.Spin
	head     *spareNode
	n        int // nodes in stock
	reserved int // insertions under way
}

// spareNode links nodes in stock through their own memory.
type spareNode struct {
	node ds.RadixNode
	next *spareNode
}

// nodesPerInsert is the height of the highest tree: 64-bit indexes, 6 bits a level.
const nodesPerInsert = 11

var (
	nodes     = nodeStock{lock: lock.Spin{Rank: lock.RankPageMisc}}
	nodeCache = mem.Cache[spareNode]{Name: "radix_node"}
)

// reserveNodes makes sure that one insertion finds its nodes; false: no memory.
func reserveNodes() bool {
	s := &nodes
	s.lock.Lock()
	s.reserved++
	for s.n < s.reserved*nodesPerInsert {
		s.lock.Unlock()
		n := nodeCache.Alloc()
		s.lock.Lock()
		if n == nil {
			s.reserved--
			s.lock.Unlock()
			return false
		}
		s.push(n)
	}
	s.lock.Unlock()
	return true
}

// unreserveNodes ends what reserveNodes began.
func unreserveNodes() {
	nodes.lock.Lock()
	nodes.reserved--
	nodes.lock.Unlock()
}

func (s *nodeStock) push(n *spareNode) {
	n.next = s.head
	s.head = n
	s.n++
}

// Alloc takes a zeroed node out of the stock: ds.RadixAllocator.
func (s *nodeStock) Alloc() *ds.RadixNode {
	s.lock.Lock()
	n := s.head
	if n != nil {
		s.head = n.next
		n.next = nil
		s.n--
	}
	s.lock.Unlock()
	if n == nil {
		return nil
	}
	return &n.node
}

// Free returns a node to the slab.
func (s *nodeStock) Free(r *ds.RadixNode) { nodeCache.Free(nodeOf(r)) }

// nodeOf returns the slab object around a node, which is its first field.
func nodeOf(r *ds.RadixNode) *spareNode { return (*spareNode)(unsafe.Pointer(r)) }
