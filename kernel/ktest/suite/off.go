//go:build galago && !ktest

package suite

import "galago/kernel/klog"

// Run says that there are no tests in this kernel; it counts as a failure.
func Run(pattern string) (failed int) {
	klog.Printf("ktest: this kernel was built without its tests: make KTAGS=\"ktest lockdep memdebug\"")
	return 1
}
