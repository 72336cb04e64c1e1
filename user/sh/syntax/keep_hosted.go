//go:build !galago_user

package syntax

// With a garbage collector, copies are ordinary objects.

func object[T any](v T) *T { return &v }

func array[T any](list []T) []T { return append([]T(nil), list...) }

func str(s string) string { return string([]byte(s)) }

func free[T any](*T)       {}
func freeArray[T any]([]T) {}
func freeStr(string)       {}
