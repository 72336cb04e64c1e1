//go:build !galago

package pci

// Forget drops all functions and drivers, so that a test can begin with another fake machine.
func Forget() {
	devices, lastDevice, drivers = nil, nil, nil
	config.ecam, config.hole, config.holeEnd = 0, 0, 0
	config.bus = [256]uintptr{}
}
