package ipc

import (
	"math/bits"

	"galago/kernel/errno"
	"galago/kernel/vfs"
)

// What makes a descriptor ready for the three sets of select(2).
const (
	selectIn  = vfs.POLLIN | vfs.POLLRDNORM | vfs.POLLRDBAND | vfs.POLLHUP | vfs.POLLERR
	selectOut = vfs.POLLOUT | vfs.POLLWRNORM | vfs.POLLWRBAND | vfs.POLLERR
	selectEx  = vfs.POLLPRI
)

// FDSets are the three bit sets of select(2) in kernel memory, each of (n+63)/64 words, or nil when the caller did not give
// it. Want is what is asked, Got (which must have the words of Want) receives the answer.
type FDSets struct {
	WantIn, WantOut, WantEx []uint64
	GotIn, GotOut, GotEx    []uint64
}

// Select is select(2) for the descriptors below n: the number of bits set in the answers. EBADF when a descriptor asked
// for is not open. On an error the answers are undefined.
func Select(files *vfs.FDTable, n int, s *FDSets, timeoutNS int64) (int, errno.Errno) {
	return waitFor(timeoutNS, func(p *poller) (int, errno.Errno) { return p.scanSets(files, n, s) })
}

func (p *poller) scanSets(files *vfs.FDTable, n int, s *FDSets) (int, errno.Errno) {
	count := 0
	only := files.Only()
	for w := 0; w*64 < n; w++ {
		in, out, ex := word(s.WantIn, w), word(s.WantOut, w), word(s.WantEx, w)
		all := in | out | ex
		if n-w*64 < 64 {
			all &= 1<<uint(n-w*64) - 1
		}
		var gotIn, gotOut, gotEx uint64
		for ; all != 0; all &= all - 1 {
			b := bits.TrailingZeros64(all)
			bit := uint64(1) << uint(b)
			events := uint32(vfs.PollAlways) | mask(in, b)&selectIn | mask(out, b)&selectOut | mask(ex, b)&selectEx
			var got uint32
			if f := p.present(only, w*64+b); f != nil {
				got = f.Ops.Poll(f, nil) & events
			} else if g, ok := p.ask(files, w*64+b, events); ok {
				got = g
			} else {
				return 0, errno.EBADF
			}
			if got == 0 {
				continue
			}
			if in&bit != 0 && got&selectIn != 0 {
				gotIn |= bit
				count++
			}
			if out&bit != 0 && got&selectOut != 0 {
				gotOut |= bit
				count++
			}
			if ex&bit != 0 && got&selectEx != 0 {
				gotEx |= bit
				count++
			}
			if count > 0 {
				p.found()
			}
		}
		setWord(s.GotIn, w, gotIn)
		setWord(s.GotOut, w, gotOut)
		setWord(s.GotEx, w, gotEx)
	}
	return count, errno.OK
}

// mask is all ones if the set has bit b (below 64), else 0.
func mask(set uint64, b int) uint32 { return -(uint32(set>>uint(b&63)) & 1) }

func word(set []uint64, w int) uint64 {
	if w < len(set) {
		return set[w]
	}
	return 0
}

func setWord(set []uint64, w int, v uint64) {
	if w < len(set) {
		set[w] = v
	}
}
