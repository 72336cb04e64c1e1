//go:build !galago

// Package uart drives 16550-compatible serial ports. Hosted, the chips are objects of a test (package hw).
package uart

// COM1 is the port of early and panic output.
const COM1 = 0x3f8

// routed remembers which vector an ISA line goes to.
var routed [16]uint8

func routeISA(line int, vector uint8) bool {
	routed[line] = vector
	return true
}
