//go:build !galago && race

package galfs_test

const raceEnabled = true
