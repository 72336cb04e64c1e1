package ds

// Ring is a bounded queue in a buffer of the caller's, which has 2^k elements. The zero value holds nothing.
type Ring[T any] struct {
	buf        []T
	head, tail uint // free-running: tail−head elements are queued
}

// Init gives the ring its buffer and empties it.
func (r *Ring[T]) Init(buf []T) {
	if len(buf)&(len(buf)-1) != 0 {
		panic("ds: the size of a ring must be a power of two")
	}
	*r = Ring[T]{buf: buf}
}

// Buffer returns the buffer, for its owner to free.
func (r *Ring[T]) Buffer() []T { return r.buf }

// Len returns the number of elements queued, Free the room for more.
func (r *Ring[T]) Len() int  { return int(r.tail - r.head) }
func (r *Ring[T]) Free() int { return len(r.buf) - r.Len() }

// Push adds an element at the end; false when the ring is full.
func (r *Ring[T]) Push(v T) bool {
	if r.Free() == 0 {
		return false
	}
	r.buf[r.tail&uint(len(r.buf)-1)] = v
	r.tail++
	return true
}

// Pop takes the first element; false when there is none.
func (r *Ring[T]) Pop() (v T, ok bool) {
	if r.Len() == 0 {
		return v, false
	}
	v = r.buf[r.head&uint(len(r.buf)-1)]
	r.head++
	return v, true
}

// PopBack takes the last element; false when there is none.
func (r *Ring[T]) PopBack() (v T, ok bool) {
	if r.Len() == 0 {
		return v, false
	}
	r.tail--
	return r.buf[r.tail&uint(len(r.buf)-1)], true
}

// At returns the i-th element from the front, which must exist.
func (r *Ring[T]) At(i int) T {
	if uint(i) >= uint(r.Len()) {
		panic("ds: ring index out of range")
	}
	return r.buf[(r.head+uint(i))&uint(len(r.buf)-1)]
}

// Reset drops all elements.
func (r *Ring[T]) Reset() { r.head = r.tail }

// Readable returns the elements at the front that lie in one piece; Discard(n) then drops the n that were used.
func (r *Ring[T]) Readable() []T {
	if len(r.buf) == 0 {
		return nil
	}
	at := r.head & uint(len(r.buf)-1)
	return r.buf[at:min(at+uint(r.Len()), uint(len(r.buf)))]
}

// Discard drops n elements from the front, as many as there are.
func (r *Ring[T]) Discard(n int) { r.head += uint(min(n, r.Len())) }

// Writable returns the room at the end that lies in one piece; Commit(n) then queues the n elements written there.
func (r *Ring[T]) Writable() []T {
	if len(r.buf) == 0 {
		return nil
	}
	at := r.tail & uint(len(r.buf)-1)
	return r.buf[at:min(at+uint(r.Free()), uint(len(r.buf)))]
}

// Commit queues n elements written to Writable, as many as there is room for.
func (r *Ring[T]) Commit(n int) { r.tail += uint(min(n, r.Free())) }
