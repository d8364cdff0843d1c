package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/alecthomas/kong"
)

// doctorCommand looks for what is wrong with the settings, the machine and the database. It takes the flags of serve, so
// that it sees what a server would.
type doctorCommand struct {
	JSON  bool         `help:"Print the findings as JSON." name:"json"`
	Serve serveCommand `embed:""`
}

// verdict is how a check came out.
type verdict string

const (
	verdictOK   verdict = "ok"
	verdictWarn verdict = "warn"
	// verdictFail: a server would not start, would lose something, or does not do its work.
	verdictFail verdict = "fail"
)

// finding is the outcome of one check.
type finding struct {
	Check   string  `json:"check"`
	Verdict verdict `json:"verdict"`
	Message string  `json:"message"`
	// Remedy is what to do; empty where all is well.
	Remedy string `json:"remedy,omitempty"`
}

// findings gathers what the checks find, in order.
type findings []finding

func (f *findings) ok(check, format string, args ...any) {
	*f = append(*f, finding{Check: check, Verdict: verdictOK, Message: fmt.Sprintf(format, args...)})
}

func (f *findings) warn(check, message, remedy string) {
	*f = append(*f, finding{Check: check, Verdict: verdictWarn, Message: message, Remedy: remedy})
}

func (f *findings) fail(check, message, remedy string) {
	*f = append(*f, finding{Check: check, Verdict: verdictFail, Message: message, Remedy: remedy})
}

// failed is how many checks failed.
func (f *findings) failed() int {
	n := 0
	for _, one := range *f {
		if one.Verdict == verdictFail {
			n++
		}
	}
	return n
}

// errUnwell ends the command with the exit status 1.
var errUnwell = errors.New("something has to be done before this works as it should: see the lines that begin with fail")

// Run examines everything and prints one line for each check.
func (c *doctorCommand) Run(ctx context.Context, flags *cli, program *kong.Kong, logger *slog.Logger) error {
	var found findings
	c.examineSettings(ctx, flags, program, &found)
	c.examineMachine(ctx, flags, &found)
	c.examineDatabase(ctx, flags, &found, logger)
	return found.report(os.Stdout, c.JSON)
}

// report prints the findings; errUnwell if one is a failure.
func (f *findings) report(out io.Writer, asJSON bool) error {
	if asJSON {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(f); err != nil {
			return err
		}
	} else {
		for _, one := range *f {
			line := fmt.Sprintf("%-5s %-12s %s", one.Verdict, one.Check, one.Message)
			if one.Remedy != "" {
				line += ": " + one.Remedy
			}
			if _, err := fmt.Fprintln(out, line); err != nil {
				return err
			}
		}
	}
	if f.failed() > 0 {
		return errUnwell
	}
	return nil
}

// doctorOfSettings says what is wrong with settings that do not even let the command begin; nil if args do not ask for it.
func doctorOfSettings(args []string, err error) error {
	var asks, asJSON bool
	for _, arg := range args {
		asks = asks || arg == "doctor"
		asJSON = asJSON || arg == "--json"
	}
	if !asks {
		return nil
	}
	var found findings
	found.fail("settings", err.Error(), "change the flag, the variable or the line in the settings file that it names")
	return found.report(os.Stdout, asJSON)
}
