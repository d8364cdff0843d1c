// Command bench measures what Micro Tracker promises and prints each figure as a ratio of two things measured in the same
// run on the same machine, because absolute figures of a shared machine mean little. `make bench` runs it; it writes
// bench.json and takes some minutes. docs/performance.md explains each row.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"syscall"
	"time"
)

// row is a line of bench.json.
type row struct {
	Name           string  `json:"name"`
	Ratio          float64 `json:"ratio"`
	Target         float64 `json:"target"`
	HigherIsBetter bool    `json:"higher_is_better"`

	detail string
}

func (r row) met() bool {
	if r.HigherIsBetter {
		return r.Ratio >= r.Target
	}
	return r.Ratio <= r.Target
}

// options say how much is measured.
type options struct {
	binary   string
	dir      string
	duration time.Duration
	rounds   int
	events   int64
	// keep leaves the databases in dir.
	keep bool
}

// scenario measures something and returns its rows.
type scenario struct {
	name string
	run  func(ctx context.Context, b *bench) ([]row, error)
}

func scenarios() []scenario {
	return []scenario{
		{"foreign-keys", foreignKeys},
		{"single", singleEvents},
		{"batch", batches},
		{"rollups", rollups},
		{"size", bigTable},
		{"jobs", queue},
		{"ads", ads},
		{"spend", spend},
		{"reports", reports},
		{"refreshing", refreshing},
		{"dashboard", dashboard},
	}
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "noop" {
		fail(serveNoop(os.Args[2]))
		return
	}
	if len(os.Args) > 1 && os.Args[1] == "worker" {
		fail(workNoop(os.Args[2]))
		return
	}
	var o options
	only := flag.String("only", "", "measure only the scenarios that this regular expression matches")
	out := flag.String("out", "bench.json", "where the rows are written")
	flag.StringVar(&o.binary, "binary", "bin/microtracker", "the server to measure")
	flag.StringVar(&o.dir, "dir", "", "folder for the databases; a new one in the temporary folder by default")
	flag.BoolVar(&o.keep, "keep", false, "leave the databases in -dir; the dashboard is measured on what an earlier run left there")
	flag.DurationVar(&o.duration, "duration", 10*time.Second, "how long each rate is measured")
	flag.IntVar(&o.rounds, "rounds", 3, "how often each pair is measured")
	flag.Int64Var(&o.events, "events", 20_000_000, "how many events the big table has")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	fail(run(ctx, o, *only, *out))
}

// fail ends the program if something went wrong.
func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1) //nolint:revive // main does nothing else
	}
}

func run(ctx context.Context, o options, only, out string) error {
	wanted, err := regexp.Compile(only)
	if err != nil {
		return fmt.Errorf("read --only: %w", err)
	}
	b, err := newBench(o)
	if err != nil {
		return err
	}
	defer b.close()
	var rows []row
	for _, s := range scenarios() {
		if !wanted.MatchString(s.name) {
			continue
		}
		fmt.Printf("== %s\n", s.name)
		measured, err := s.run(ctx, b)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		for _, r := range measured {
			printRow(r)
		}
		rows = append(rows, measured...)
	}
	fmt.Println()
	for _, r := range rows {
		printRow(r)
	}
	encoded, err := json.MarshalIndent(rows, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(out, append(encoded, '\n'), 0o644) //nolint:gosec // figures are for everybody
}

func printRow(r row) {
	sign, verdict := "at least", "met"
	if !r.HigherIsBetter {
		sign = "at most"
	}
	if !r.met() {
		verdict = "MISSED"
	}
	fmt.Printf("%-44s %8.3f  (%s %g: %s)  %s\n", r.Name, r.Ratio, sign, r.Target, verdict, r.detail)
}
