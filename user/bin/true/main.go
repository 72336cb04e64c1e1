//go:build galago_user

// Command true does nothing, successfully.
package main

func main() {}
