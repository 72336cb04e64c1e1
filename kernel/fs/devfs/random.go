package devfs

import (
	"galago/arch"
	"galago/kernel/errno"
	"galago/kernel/lock"
	"galago/kernel/uio"
)

// The random number generator: ChaCha20 (RFC 8439 §2.3) with fast key erasure (D. J. Bernstein, 2017). Each request takes
// the first block of its key stream as the next key, so that what was handed out cannot be computed from a later state.
// Seeding mixes into the key by encrypting with it: entropy is never lost.

// chachaBlock computes one block of the key stream.
func chachaBlock(key *[8]uint32, counter uint64, out *[16]uint32) {
	in := [16]uint32{0x61707865, 0x3320646e, 0x79622d32, 0x6b206574}
	copy(in[4:12], key[:])
	in[12], in[13] = uint32(counter), uint32(counter>>32)
	x := in
	for range 10 {
		quarter(&x, 0, 4, 8, 12)
		quarter(&x, 1, 5, 9, 13)
		quarter(&x, 2, 6, 10, 14)
		quarter(&x, 3, 7, 11, 15)
		quarter(&x, 0, 5, 10, 15)
		quarter(&x, 1, 6, 11, 12)
		quarter(&x, 2, 7, 8, 13)
		quarter(&x, 3, 4, 9, 14)
	}
	for i := range x {
		out[i] = x[i] + in[i]
	}
}

func rotl(v uint32, n uint) uint32 { return v<<n | v>>(32-n) }

func quarter(x *[16]uint32, a, b, c, d int) {
	x[a] += x[b]
	x[d] = rotl(x[d]^x[a], 16)
	x[c] += x[d]
	x[b] = rotl(x[b]^x[c], 12)
	x[a] += x[b]
	x[d] = rotl(x[d]^x[a], 8)
	x[c] += x[d]
	x[b] = rotl(x[b]^x[c], 7)
}

// generator is the global state.
var generator struct {
	lock lock.Spin
	key  [8]uint32 // guarded by lock
}

func init() { generator.lock.Init(lock.RankProcMisc) }

// nextKey moves the global state on and returns a key for one request.
func nextKey() (key [8]uint32) {
	var b [16]uint32
	g := &generator
	g.lock.Lock()
	chachaBlock(&g.key, arch.Cycles(), &b)
	copy(g.key[:], b[:8])
	g.lock.Unlock()
	copy(key[:], b[8:])
	return key
}

// AddEntropy mixes bytes into the state.
func AddEntropy(p []byte) {
	g := &generator
	g.lock.Lock()
	for {
		var b [16]uint32
		for i := 0; i < 32 && i < len(p); i++ {
			g.key[i/4] ^= uint32(p[i]) << (i % 4 * 8)
		}
		chachaBlock(&g.key, arch.Cycles(), &b)
		copy(g.key[:], b[:8])
		if len(p) <= 32 {
			break
		}
		p = p[32:]
	}
	g.lock.Unlock()
}

func putBlock(p *[64]byte, b *[16]uint32) {
	for i, v := range b {
		p[4*i], p[4*i+1], p[4*i+2], p[4*i+3] = byte(v), byte(v>>8), byte(v>>16), byte(v>>24)
	}
}

// FillRandom fills the memory with random bytes: getrandom(2), /dev/urandom.
func FillRandom(it *uio.Iter) (n int, err errno.Errno) {
	key := nextKey()
	var b [16]uint32
	var p [64]byte
	for counter := uint64(0); it.Len() > 0; counter++ {
		chachaBlock(&key, counter, &b)
		putBlock(&p, &b)
		want := min(len(p), it.Len())
		k, e := it.CopyOut(p[:want])
		n += k
		if k < want {
			err = e
			break
		}
	}
	if n > 0 {
		return n, errno.OK
	}
	return 0, err
}

// Random fills p with random bytes, for the kernel's own use.
func Random(p []byte) {
	key := nextKey()
	var b [16]uint32
	var out [64]byte
	for counter := uint64(0); len(p) > 0; counter++ {
		chachaBlock(&key, counter, &b)
		putBlock(&out, &b)
		p = p[copy(p, out[:]):]
	}
}

// mixFrom mixes the memory's contents into the state.
func mixFrom(it *uio.Iter) (n int, err errno.Errno) {
	var p [64]byte
	for it.Len() > 0 {
		k, e := it.CopyIn(p[:])
		if k == 0 {
			if n == 0 {
				err = e
			}
			break
		}
		AddEntropy(p[:k])
		n += k
	}
	return n, err
}

// seedRandom gathers what unpredictability there is at boot: the CPU's generator if it has one, and the jitter of the
// time-stamp counter over work whose duration varies.
func seedRandom() {
	var p [32]byte
	for round := range 64 {
		v, ok := hardwareRandom()
		if !ok {
			v = 0
		}
		v ^= jitter(round)
		for i := range 8 {
			p[i] = byte(v >> (8 * i))
		}
		AddEntropy(p[:8])
	}
}

// jitter folds the low bits of the time that a block of the generator takes.
func jitter(round int) (v uint64) {
	var b [16]uint32
	key := [8]uint32{uint32(round)}
	last := arch.Cycles()
	for i := range uint64(16) {
		chachaBlock(&key, i, &b)
		now := arch.Cycles()
		v = (v<<5 | v>>59) ^ (now - last)
		last = now
	}
	return v ^ last<<32
}
