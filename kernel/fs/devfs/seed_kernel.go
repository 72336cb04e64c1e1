//go:build galago

package devfs

import "galago/arch"

func hardwareRandom() (uint64, bool) { return arch.Rdrand64() }
