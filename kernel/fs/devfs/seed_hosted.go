//go:build !galago

package devfs

import "math/rand/v2"

func hardwareRandom() (uint64, bool) { return rand.Uint64(), true }
