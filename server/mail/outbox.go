package mail

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	netmail "net/mail"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	gomail "github.com/wneessen/go-mail"
)

// maxOutbox is how many mails the outbox keeps.
const maxOutbox = 200

// Outbox is a Sender for who has no mail server: it puts each mail into a folder, as a numbered .eml file that mail
// programs open, and keeps the newest 200. The files hold links that let one in, so only their owner may read them.
type Outbox struct {
	dir      string
	announce func(path string, m Message)

	mu sync.Mutex
}

// NewOutbox makes the folder if there is none. It refuses one that others may read. announce, if not nil, is told of each
// mail once it is written, one mail at a time.
func NewOutbox(dir string, announce func(path string, m Message)) (*Outbox, error) {
	root, err := openOutbox(dir)
	if err != nil {
		return nil, err
	}
	if err := root.Close(); err != nil {
		return nil, fmt.Errorf("close the outbox: %w", err)
	}
	if announce == nil {
		announce = func(string, Message) {}
	}
	return &Outbox{dir: dir, announce: announce}, nil
}

// Send writes one mail, and removes the oldest if there are too many.
func (o *Outbox) Send(_ context.Context, m Message) error {
	// Not encoded, so that also cat shows a link in one piece.
	msg, err := compose(m, &netmail.Address{Name: "Micro Tracker", Address: "micro-tracker@localhost"}, gomail.NoEncoding)
	if err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	root, err := openOutbox(o.dir)
	if err != nil {
		return err
	}
	name, err := write(root, msg)
	if err := errors.Join(err, root.Close()); err != nil {
		return fmt.Errorf("put a mail into the outbox: %w", err)
	}
	o.announce(filepath.Join(o.dir, name), m)
	return nil
}

func openOutbox(dir string) (*os.Root, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the outbox: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open the outbox: %w", err)
	}
	info, err := root.Stat(".")
	if err == nil && info.Mode().Perm()&0o077 != 0 {
		err = fmt.Errorf("others may read it: chmod 700 %s", dir)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("check the outbox: %w", err), root.Close())
	}
	return root, nil
}

// write returns the name of the file it wrote.
func write(root *os.Root, msg *gomail.Msg) (string, error) {
	numbers, err := numbersIn(root)
	if err != nil {
		return "", err
	}
	next := 1
	if len(numbers) > 0 {
		next = numbers[len(numbers)-1] + 1
	}
	file, err := root.OpenFile(fileName(next), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	_, err = msg.WriteTo(file)
	if err := errors.Join(err, file.Close()); err != nil {
		return "", errors.Join(err, root.Remove(fileName(next)))
	}
	for _, number := range numbers[:max(0, len(numbers)+1-maxOutbox)] {
		if err := root.Remove(fileName(number)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	return fileName(next), nil
}

// numbersIn returns the numbers of the outbox's files, ascending. Other files are somebody else's and stay.
func numbersIn(root *os.Root) ([]int, error) {
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return nil, err
	}
	var numbers []int
	for _, entry := range entries {
		number, err := strconv.Atoi(strings.TrimSuffix(entry.Name(), ".eml"))
		if err == nil && number > 0 && entry.Name() == fileName(number) {
			numbers = append(numbers, number)
		}
	}
	slices.Sort(numbers)
	return numbers, nil
}

func fileName(number int) string {
	return fmt.Sprintf("%06d.eml", number)
}
