//go:build !linux

package repotest

// spread is for a file system that only Linux has.
func spread(string) {}
