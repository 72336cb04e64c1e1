//go:build galago

package arch

// The debug registers (SDM 3B §17.2): four addresses at which the CPU traps in user mode.

// Bits of DR6 and DR7.
const (
	DR6Traps    = 0xf     // which of DR0 to DR3 hit
	DR6Step     = 1 << 14 // single step
	dr6Clear    = 0xffff0ff0
	DR7Enable   = 0xff // local and global enable bits of the four
	dr7Reserved = 1 << 10
)

func readDR6() uint64
func writeDR6(v uint64)
func writeDR7(v uint64)
func writeDR(d0, d1, d2, d3 uint64)

// LoadDebug loads addresses and control of the debug registers; control 0 turns them off. Preemption is off.
func LoadDebug(d *[4]uint64, control uint64) {
	writeDR7(dr7Reserved)
	if control&DR7Enable != 0 {
		writeDR(d[0], d[1], d[2], d[3])
		writeDR7(control | dr7Reserved)
	}
}

// takeDR6 returns and resets the cause of a debug exception.
func takeDR6() uint64 {
	v := readDR6()
	writeDR6(dr6Clear)
	return v
}
