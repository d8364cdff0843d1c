//go:build !linux

package main

import "testing"

// mountSmallDisk reports that it cannot put a disk of its own under a folder.
func mountSmallDisk(*testing.T, string) bool { return false }
