// Package hw is the drivers' view of the machine: device registers, I/O ports, and message-signalled interrupts. In the
// kernel it is arch, function by function, at no cost. Hosted, it is a machine whose devices are objects of a test,
// attached to physical addresses and ports, so that the whole of a driver runs against a fake device under the race
// detector.
package hw
