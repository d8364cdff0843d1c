package repotest

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// processName is the name of a process's program.
func processName(pid int) (string, error) {
	name, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "comm"))
	return string(name), err
}

// processStart is when a process started, in clock ticks since the machine did.
func processStart(pid int) (string, error) {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return "", err
	}
	// The program's name, in brackets, is the second field and may hold anything; the start is the 22nd.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	if len(fields) < 20 {
		return "", errors.New("/proc says too little of it")
	}
	return fields[19], nil
}
