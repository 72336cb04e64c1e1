//go:build galago

package uart

import "galago/arch"

// routeISA sends an ISA interrupt line to a vector of the boot CPU.
func routeISA(line int, vector uint8) bool { return arch.RouteISA(line, vector, 0) }
