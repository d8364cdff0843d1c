package localpg

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// folderLock keeps a second process from running the same folder's server. The kernel lets go of it when
// the process ends, however it ends; PostgreSQL does not inherit it, because Go opens files close-on-exec.
type folderLock struct {
	file *os.File
}

// lockFolder returns *InUseError when another process, or another Server of this one, holds the lock.
func lockFolder(f folder) (*folderLock, error) {
	file, err := os.OpenFile(f.lockPath(), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the lock of the PostgreSQL folder: %w", err)
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		defer func() { _ = file.Close() }()
		return nil, &InUseError{Dir: string(f), PID: holder(file)}
	}
	if err == nil {
		err = writeHolder(file)
	}
	if err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("lock the PostgreSQL folder: %w", err)
	}
	return &folderLock{file: file}, nil
}

func writeHolder(file *os.File) error {
	if err := file.Truncate(0); err != nil {
		return err
	}
	_, err := file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

// holder is 0 when the holder took the lock a moment ago and has not written its id yet.
func holder(file *os.File) int {
	text, err := io.ReadAll(io.LimitReader(file, 32))
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0
	}
	return pid
}

// release leaves the file where it is: to remove it would let two processes hold locks on two files of one name.
// It unlocks before it closes, because a program being started at this moment holds a copy of the file until it runs.
func (l *folderLock) release() {
	_ = syscall.Flock(int(l.file.Fd()), syscall.LOCK_UN)
	_ = l.file.Close()
}
