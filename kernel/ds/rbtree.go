package ds

// RBNode links an object into one RBTree.
type RBNode[T any] struct {
	parent, left, right *RBNode[T]
	key                 uint64
	red                 bool
	owner               *T
}

// Init names the object the node is embedded in.
func (n *RBNode[T]) Init(owner *T) { n.owner = owner }

// Key returns the key the node was inserted under.
func (n *RBNode[T]) Key() uint64 { return n.key }

// RBTree is a red-black tree (Cormen et al., Introduction to Algorithms, chapter 13). The zero value is empty.
// It knows its first node, so Min takes no search: run queues and timers live by it.
type RBTree[T any] struct {
	root  *RBNode[T]
	first *RBNode[T]
	n     int
}

func treeOwner[T any](n *RBNode[T]) *T {
	if n == nil {
		return nil
	}
	return n.owner
}

// Len returns the number of objects.
func (t *RBTree[T]) Len() int { return t.n }

// Min and Max return the objects with the smallest and largest key, or nil.
func (t *RBTree[T]) Min() *T { return treeOwner(t.first) }

func (t *RBTree[T]) Max() *T {
	n := t.root
	for n != nil && n.right != nil {
		n = n.right
	}
	return treeOwner(n)
}

// Find returns an object with the key, or nil.
func (t *RBTree[T]) Find(key uint64) *T {
	n := t.root
	for n != nil && n.key != key {
		if key < n.key {
			n = n.left
		} else {
			n = n.right
		}
	}
	return treeOwner(n)
}

// Floor returns the object with the greatest key ≤ key (the last inserted of equal ones), or nil.
func (t *RBTree[T]) Floor(key uint64) *T {
	var best *RBNode[T]
	for n := t.root; n != nil; {
		if n.key <= key {
			best, n = n, n.right
		} else {
			n = n.left
		}
	}
	return treeOwner(best)
}

// Ceil returns the object with the smallest key ≥ key (the first inserted of equal ones), or nil.
func (t *RBTree[T]) Ceil(key uint64) *T {
	var best *RBNode[T]
	for n := t.root; n != nil; {
		if n.key >= key {
			best, n = n, n.left
		} else {
			n = n.right
		}
	}
	return treeOwner(best)
}

// Next returns the object after n's in ascending order, or nil; Prev the one before.
func (t *RBTree[T]) Next(n *RBNode[T]) *T { return treeOwner(n.next()) }

func (n *RBNode[T]) next() *RBNode[T] {
	if n.right != nil {
		n = n.right
		for n.left != nil {
			n = n.left
		}
		return n
	}
	for n.parent != nil && n == n.parent.right {
		n = n.parent
	}
	return n.parent
}

func (t *RBTree[T]) Prev(n *RBNode[T]) *T {
	if n.left != nil {
		n = n.left
		for n.right != nil {
			n = n.right
		}
		return n.owner
	}
	for n.parent != nil && n == n.parent.left {
		n = n.parent
	}
	return treeOwner(n.parent)
}

// Insert adds a node that is in no tree under key, after equal keys.
func (t *RBTree[T]) Insert(n *RBNode[T], key uint64) {
	n.key, n.left, n.right, n.red = key, nil, nil, true
	var parent *RBNode[T]
	link := &t.root
	first := true
	for *link != nil {
		parent = *link
		if key < parent.key {
			link = &parent.left
		} else {
			link = &parent.right
			first = false
		}
	}
	n.parent = parent
	*link = n
	if first {
		t.first = n
	}
	t.n++
	t.fixInsert(n)
}

func (t *RBTree[T]) fixInsert(n *RBNode[T]) {
	for n.parent != nil && n.parent.red {
		p := n.parent
		g := p.parent // exists: the root is black
		left := p == g.left
		uncle := g.left
		if left {
			uncle = g.right
		}
		if uncle != nil && uncle.red {
			p.red, uncle.red, g.red = false, false, true
			n = g
			continue
		}
		if left && n == p.right || !left && n == p.left {
			t.rotate(p, left)
			n, p = p, n
		}
		p.red, g.red = false, true
		t.rotate(g, !left)
	}
	t.root.red = false
}

// rotate turns the edge from n to its right child (toLeft) or left child, which takes n's place.
func (t *RBTree[T]) rotate(n *RBNode[T], toLeft bool) {
	var c *RBNode[T]
	if toLeft {
		c = n.right
		n.right = c.left
		if c.left != nil {
			c.left.parent = n
		}
		c.left = n
	} else {
		c = n.left
		n.left = c.right
		if c.right != nil {
			c.right.parent = n
		}
		c.right = n
	}
	t.replace(n, c)
	n.parent = c
}

// replace puts c (or nothing) where n hangs.
func (t *RBTree[T]) replace(n, c *RBNode[T]) {
	switch {
	case n.parent == nil:
		t.root = c
	case n == n.parent.left:
		n.parent.left = c
	default:
		n.parent.right = c
	}
	if c != nil {
		c.parent = n.parent
	}
}

// Remove takes a node out of the tree.
func (t *RBTree[T]) Remove(n *RBNode[T]) {
	if t.first == n {
		t.first = n.next()
	}
	t.n--
	if n.left != nil && n.right != nil {
		t.swapWithSuccessor(n)
	}
	child := n.left
	if child == nil {
		child = n.right
	}
	parent := n.parent
	t.replace(n, child)
	if !n.red {
		if child != nil && child.red {
			child.red = false
		} else {
			t.fixRemove(child, parent)
		}
	}
	n.parent, n.left, n.right = nil, nil, nil
}

// swapWithSuccessor exchanges the places of n and the next node, which has no left child.
func (t *RBTree[T]) swapWithSuccessor(n *RBNode[T]) {
	s := n.right
	for s.left != nil {
		s = s.left
	}
	n.red, s.red = s.red, n.red
	sp, sr := s.parent, s.right
	t.replace(n, s)
	s.left = n.left
	s.left.parent = s
	if sp == n {
		s.right = n
		n.parent = s
	} else {
		s.right = n.right
		s.right.parent = s
		sp.left = n
		n.parent = sp
	}
	n.left, n.right = nil, sr
	if sr != nil {
		sr.parent = n
	}
}

// fixRemove restores the equal number of black nodes on all paths: the one through n (perhaps nil), below parent, lacks one.
func (t *RBTree[T]) fixRemove(n, parent *RBNode[T]) {
	for parent != nil && (n == nil || !n.red) {
		left := n == parent.left
		s := parent.left // the sibling
		if left {
			s = parent.right
		}
		if s.red {
			s.red, parent.red = false, true
			t.rotate(parent, left)
			continue
		}
		near, far := s.right, s.left
		if left {
			near, far = s.left, s.right
		}
		switch {
		case far != nil && far.red:
			s.red, parent.red, far.red = parent.red, false, false
			t.rotate(parent, left)
			return
		case near != nil && near.red:
			near.red, s.red = false, true
			t.rotate(s, !left)
		default:
			s.red = true
			n, parent = parent, parent.parent
		}
	}
	if n != nil {
		n.red = false
	}
}
