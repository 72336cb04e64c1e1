//go:build galago || galago_user

// Package iter replaces the standard package: the sequence types without Pull, which needs coroutines.
package iter

// Seq is an iterator over single values.
type Seq[V any] func(yield func(V) bool)

// Seq2 is an iterator over pairs of values.
type Seq2[K, V any] func(yield func(K, V) bool)
