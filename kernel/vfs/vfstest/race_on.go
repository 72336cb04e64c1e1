//go:build race && !galago

package vfstest

const raceDetector = true
