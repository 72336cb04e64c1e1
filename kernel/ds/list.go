// Package ds has the kernel's data structures: intrusive (the nodes live in the objects they link, so no
// operation allocates), generic, and without locks of their own: the caller's lock guards them.
//
//	List       doubly linked list
//	RBTree     red-black tree keyed by uint64, duplicates in insertion order
//	Radix      sparse array indexed by uint64, with two tag bits an entry
//	Bitmap     set of small integers over []uint64
//	HashTable  chained hash table
//	Ring       bounded queue in memory of the caller's
package ds

// ListNode links an object into one List. It must be initialised with Init before its first use.
type ListNode[T any] struct {
	next, prev *ListNode[T]
	list       *List[T]
	owner      *T
}

// Init names the object the node is embedded in.
func (n *ListNode[T]) Init(owner *T) { n.owner = owner }

// Linked reports whether the node is in a list.
func (n *ListNode[T]) Linked() bool { return n.list != nil }

// List is a doubly linked list. The zero value is empty.
type List[T any] struct {
	first, last *ListNode[T]
	n           int
}

// Len returns the number of objects.
func (l *List[T]) Len() int { return l.n }

// Empty reports whether the list has no objects.
func (l *List[T]) Empty() bool { return l.first == nil }

func owner[T any](n *ListNode[T]) *T {
	if n == nil {
		return nil
	}
	return n.owner
}

// Front and Back return the first and last object, or nil.
func (l *List[T]) Front() *T { return owner(l.first) }
func (l *List[T]) Back() *T  { return owner(l.last) }

// Next returns the object after the one that n belongs to, or nil; Prev the one before.
func (n *ListNode[T]) Next() *T { return owner(n.next) }
func (n *ListNode[T]) Prev() *T { return owner(n.prev) }

// PushFront, PushBack and InsertBefore add a node that is in no list.
func (l *List[T]) PushFront(n *ListNode[T]) { l.link(n, nil, l.first) }

func (l *List[T]) PushBack(n *ListNode[T]) { l.link(n, l.last, nil) }

func (l *List[T]) InsertBefore(n, at *ListNode[T]) { l.link(n, at.prev, at) }

func (l *List[T]) link(n, prev, next *ListNode[T]) {
	if n.list != nil {
		panic("ds: node is in a list already")
	}
	n.list, n.prev, n.next = l, prev, next
	if prev == nil {
		l.first = n
	} else {
		prev.next = n
	}
	if next == nil {
		l.last = n
	} else {
		next.prev = n
	}
	l.n++
}

// Remove takes a node out of the list; a node that is in none is left alone.
func (l *List[T]) Remove(n *ListNode[T]) {
	if n.list == nil {
		return
	}
	if n.list != l {
		panic("ds: node is in another list")
	}
	if n.prev == nil {
		l.first = n.next
	} else {
		n.prev.next = n.next
	}
	if n.next == nil {
		l.last = n.prev
	} else {
		n.next.prev = n.prev
	}
	n.next, n.prev, n.list = nil, nil, nil
	l.n--
}
