package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/microtracker/microtracker/server/load"
)

type loadCommand struct {
	URL         string        `help:"The server's address." default:"http://127.0.0.1:8080" env:"MICROTRACKER_LOAD_URL"`
	ProjectKey  []string      `help:"Public key of a project; several share the visitors, the first with the most. Requests are like those of browsers." env:"MICROTRACKER_LOAD_PROJECT_KEY" placeholder:"KEY"`
	APIKey      string        `help:"API key or secret key of a project, in place of public keys: one server tells of all visitors." env:"MICROTRACKER_LOAD_API_KEY" placeholder:"KEY"`
	Duration    time.Duration `help:"How long to send. Default: 30s, unless there is --events." placeholder:"TIME"`
	Events      int64         `help:"How many events to send." placeholder:"N"`
	Connections int           `help:"How many requests are under way at a time, each on a connection of its own." default:"64"`
	Rate        float64       `help:"Events to send in a second, whether the server keeps up or not; 0: as many as the connections can." default:"0" placeholder:"N"`
	Batch       int           `help:"Events in a request, at most; a browser's are of one visit." default:"1"`
	Protocol    string        `help:"connect-json, connect (binary) or grpc." enum:"connect-json,connect,grpc" default:"connect-json"`
	Stream      bool          `help:"Send batches by TrackStream; needs --protocol grpc, --api-key and --project-id."`
	ProjectID   int64         `help:"The project, for --stream." placeholder:"ID"`
	Visitors    int           `help:"How many people visit. Default: half as many as there will be visits, with --duration a million." placeholder:"N"`
	Bots        float64       `help:"Share of visitors that are bots and say so." default:"0.03"`
	Ads         float64       `help:"Share of visits that an ad led to." default:"0.2"`
	Days        float64       `help:"Spread the visits over the last days; more than 7 need --api-key. Default: they happen now." placeholder:"N"`
	Site        string        `help:"Address of the website that is visited." default:"https://www.example.com"`
	ForwardFor  bool          `help:"Tell each visitor's address in X-Forwarded-For. The server must be told to trust it: --trusted-proxies."`
	Seed        uint64        `help:"The same seed makes the same visits." default:"1"`
	SameIDs     bool          `help:"Take the events' ids from the seed, too: a second run within 48 hours sends duplicates." name:"same-ids"`
	GiveUp      time.Duration `help:"When to give a request up that is not answered." default:"1m"`
	Ledger      string        `help:"File for the id and the status of each event that was answered." type:"path" placeholder:"FILE"`
	JSON        bool          `help:"Print the figures in JSON." name:"json"`
}

// defaultDuration is that of a run that is told no end.
const defaultDuration = 30 * time.Second

// Run sends the visits and prints the figures.
func (c *loadCommand) Run(ctx context.Context) (err error) {
	if c.Duration == 0 && c.Events == 0 {
		c.Duration = defaultDuration
	}
	config := load.Config{
		URL: c.URL, ProjectKeys: c.ProjectKey, APIKey: c.APIKey, Protocol: load.Protocol(c.Protocol), Stream: c.Stream, ProjectID: c.ProjectID,
		Connections: c.Connections, Events: c.Events, Duration: c.Duration, Rate: c.Rate, Batch: c.Batch, ForwardFor: c.ForwardFor,
		Visits: load.Options{
			Seed: c.Seed, Visitors: c.Visitors, Bots: c.Bots, Ads: c.Ads, Site: c.Site,
			Span: time.Duration(c.Days * 24 * float64(time.Hour)),
		},
		SameIDs: c.SameIDs, GiveUp: c.GiveUp,
	}
	if c.Ledger != "" {
		file, openErr := os.Create(c.Ledger)
		if openErr != nil {
			return openErr
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		config.Ledger = load.NewLedger(file)
	}
	var finish func()
	config.Progress, config.ProgressEvery, finish = c.progress()
	loader, err := load.New(config)
	if err != nil {
		return err
	}
	result, err := loader.Run(ctx)
	finish()
	if err == nil || result.Answered() > 0 {
		err = errors.Join(err, c.print(result))
	}
	if err == nil && result.Failed > 0 && !result.Interrupted {
		err = fmt.Errorf("%s events were given up", thousands(result.Failed))
	}
	return err
}

// progress shows how far the run is, on the standard error: by a bar on a terminal, else by a line every few seconds.
func (c *loadCommand) progress() (show func(load.Snapshot), every time.Duration, finish func()) {
	if !term.IsTerminal(int(os.Stderr.Fd())) {
		return func(s load.Snapshot) {
			fmt.Fprintf(os.Stderr, "%3.0fs  %s events  %s\n", s.Elapsed.Seconds(), thousands(s.Answered()), situation(s))
		}, 5 * time.Second, func() {}
	}
	most := c.Events
	if most == 0 {
		most = c.Duration.Milliseconds()
	}
	bar := progressbar.NewOptions64(most,
		progressbar.OptionSetWriter(os.Stderr), progressbar.OptionSetWidth(30), progressbar.OptionSetPredictTime(c.Events > 0),
		progressbar.OptionShowDescriptionAtLineEnd(), progressbar.OptionClearOnFinish())
	return func(s load.Snapshot) {
		bar.Describe(situation(s))
		done := s.Answered() + s.Failed
		if c.Events == 0 {
			done = s.Elapsed.Milliseconds()
		}
		_ = bar.Set64(min(done, most)) // a terminal that is gone shows nothing
	}, 500 * time.Millisecond, func() { _ = bar.Clear() }
}

// situation is a snapshot in a few words.
func situation(s load.Snapshot) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s/s  p99 %s", thousands(int64(s.EventsPerSecond)), milliseconds(s.P99))
	for _, part := range []struct {
		count int64
		what  string
	}{{s.Refused, "refused"}, {s.Retried, "retried"}, {s.Failed, "failed"}} {
		if part.count > 0 {
			fmt.Fprintf(&text, "  %s %s", thousands(part.count), part.what)
		}
	}
	if s.Trouble != "" {
		fmt.Fprintf(&text, "  (%s)", harmless(s.Trouble))
	}
	return text.String()
}

// print writes the figures to the standard output.
func (c *loadCommand) print(r load.Result) error {
	if c.JSON {
		encoder := json.NewEncoder(os.Stdout)
		encoder.SetIndent("", "  ")
		return encoder.Encode(figuresOf(r))
	}
	perSecond := func(rate float64) string { return thousands(int64(rate+0.5)) + " a second" }
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	row := func(cells ...string) { fmt.Fprintln(out, strings.Join(cells, "\t")) } //nolint:errcheck // Flush says it
	row("events", thousands(r.Answered()), perSecond(r.EventsPerSecond))
	for _, end := range []struct {
		what  string
		count int64
		means string
	}{
		{"accepted", r.Accepted, ""},
		{"committed", r.Committed, "their receipts were lost"},
		{"bots", r.Bot, "stored, and left out of the reports"},
		{"duplicates", r.Duplicate, "stored before"},
		{"opted out", r.OptedOut, "not stored on the visitors' wish"},
		{"refused", r.Refused, "see below"},
		{"failed", r.Failed, "given up; see below"},
	} {
		if end.count > 0 || end.what == "accepted" {
			row("  "+end.what, thousands(end.count), end.means)
		}
	}
	row("requests", thousands(r.Requests), perSecond(r.RequestsPerSecond))
	row("  retried", thousands(r.Retried))
	row("latency p50", milliseconds(r.Latency.P50))
	row("  p90", milliseconds(r.Latency.P90))
	row("  p99", milliseconds(r.Latency.P99))
	row("  max", milliseconds(r.Latency.Max))
	row("time", fmt.Sprintf("%.1f s", r.Elapsed.Seconds()))
	if err := out.Flush(); err != nil {
		return err
	}
	for _, kind := range []struct {
		what    string
		reasons map[string]int64
	}{{"refused", r.Refusals}, {"failed", r.Failures}} {
		if len(kind.reasons) == 0 {
			continue
		}
		why := table{header: []string{strings.ToUpper(kind.what), "WHY"}}
		for _, reason := range mostFirst(kind.reasons) {
			why.add(thousands(kind.reasons[reason]), reason)
		}
		fmt.Println()
		if err := why.write(os.Stdout); err != nil {
			return err
		}
	}
	return nil
}

func mostFirst(counts map[string]int64) []string {
	reasons := make([]string, 0, len(counts))
	for reason := range counts {
		reasons = append(reasons, reason)
	}
	slices.SortFunc(reasons, func(a, b string) int {
		if counts[a] != counts[b] {
			return int(counts[b] - counts[a])
		}
		return strings.Compare(a, b)
	})
	return reasons
}

// figures are a result as JSON.
type figures struct {
	Seconds           float64          `json:"seconds"`
	Interrupted       bool             `json:"interrupted"`
	Events            int64            `json:"events"`
	EventsPerSecond   float64          `json:"events_per_second"`
	Requests          int64            `json:"requests"`
	RequestsPerSecond float64          `json:"requests_per_second"`
	Accepted          int64            `json:"accepted"`
	Committed         int64            `json:"committed"`
	Bots              int64            `json:"bots"`
	Duplicates        int64            `json:"duplicates"`
	OptedOut          int64            `json:"opted_out"`
	Refused           int64            `json:"refused"`
	Failed            int64            `json:"failed"`
	Retried           int64            `json:"retried"`
	LatencyMS         latencyFigures   `json:"latency_ms"`
	Refusals          map[string]int64 `json:"refusals"`
	Failures          map[string]int64 `json:"failures"`
}

type latencyFigures struct {
	Mean float64 `json:"mean"`
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p999"`
	Max  float64 `json:"max"`
}

func figuresOf(r load.Result) figures {
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	orEmpty := func(m map[string]int64) map[string]int64 {
		if m == nil {
			return map[string]int64{}
		}
		return m
	}
	return figures{
		Seconds: r.Elapsed.Seconds(), Interrupted: r.Interrupted, Events: r.Answered(), EventsPerSecond: r.EventsPerSecond,
		Requests: r.Requests, RequestsPerSecond: r.RequestsPerSecond,
		Accepted: r.Accepted, Committed: r.Committed, Bots: r.Bot, Duplicates: r.Duplicate, OptedOut: r.OptedOut,
		Refused: r.Refused, Failed: r.Failed, Retried: r.Retried,
		LatencyMS: latencyFigures{
			Mean: ms(r.Latency.Mean), P50: ms(r.Latency.P50), P90: ms(r.Latency.P90), P99: ms(r.Latency.P99),
			P999: ms(r.Latency.P999), Max: ms(r.Latency.Max),
		},
		Refusals: orEmpty(r.Refusals), Failures: orEmpty(r.Failures),
	}
}

// thousands writes a number with commas: 1,234,567.
func thousands(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
}
