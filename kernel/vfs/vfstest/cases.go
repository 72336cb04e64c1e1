//go:build !galago

package vfstest

import "testing"

// testCase is a test that asks more than the oracle's answers.
type testCase struct {
	name string
	run  func(t *testing.T, m Mounter)
}

var cases = []testCase{}
