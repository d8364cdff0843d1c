package load

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"sync"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
)

// Ledger notes the events that the server has answered for, one a line: the event's id, a tab, and its status in lower
// case, such as "accepted". What it says was stored must be found in the database, whatever has happened meanwhile. It is
// safe for concurrent use.
type Ledger struct {
	mu  sync.Mutex
	out *bufio.Writer
	err error
}

// NewLedger makes a ledger that is written to out; Flush writes what waits.
func NewLedger(out io.Writer) *Ledger { return &Ledger{out: bufio.NewWriterSize(out, 1<<16)} }

// Add notes an event.
func (l *Ledger) Add(eventID, status string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		_, l.err = fmt.Fprintf(l.out, "%s\t%s\n", eventID, status)
	}
}

// Flush writes what waits, and returns the first error that there was.
func (l *Ledger) Flush() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.err = l.out.Flush()
	}
	return l.err
}

// ReadLedger returns the status by event id. An event that stands there twice has its first status.
func ReadLedger(in io.Reader) (map[string]string, error) {
	statuses := map[string]string{}
	scanner := bufio.NewScanner(in)
	for scanner.Scan() {
		id, status, found := strings.Cut(scanner.Text(), "\t")
		if !found {
			return nil, fmt.Errorf("read the ledger: line %d is no id and status: %q", len(statuses)+1, scanner.Text())
		}
		if _, seen := statuses[id]; !seen {
			statuses[id] = status
		}
	}
	if err := scanner.Err(); err != nil {
		return nil, fmt.Errorf("read the ledger: %w", err)
	}
	return statuses, nil
}

// statusText is the status as it stands in a ledger.
func statusText(status microtrackerv1.ReceiptStatus) string {
	return strings.ToLower(strings.TrimPrefix(status.String(), "RECEIPT_STATUS_"))
}
