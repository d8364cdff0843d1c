package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"
)

// settingsFile reads a YAML file whose keys are the names of the flags. What the environment says comes before it.
func settingsFile(file io.Reader) (kong.Resolver, error) {
	values := map[string]any{}
	if err := yaml.NewDecoder(file).Decode(&values); err != nil && err != io.EOF { //nolint:errorlint // yaml returns it bare
		return nil, fmt.Errorf("read the settings: %w", err)
	}
	return resolver{values}, nil
}

type resolver struct{ values map[string]any }

// Validate refuses keys that are no flags: a misspelt setting would otherwise be lost in silence.
func (r resolver) Validate(app *kong.Application) error {
	known := map[string]bool{}
	collectFlags(app.Node, known)
	for key := range r.values {
		if !known[key] {
			return fmt.Errorf("settings: there is no %q; the names are those of the flags, see microtracker --help", key)
		}
	}
	return nil
}

func collectFlags(node *kong.Node, into map[string]bool) {
	for _, flag := range node.Flags {
		into[flag.Name] = true
	}
	for _, child := range node.Children {
		collectFlags(child, into)
	}
}

// Resolve returns the file's value of a flag, nil where the environment has one.
func (r resolver) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	for _, name := range flag.Envs {
		if _, set := os.LookupEnv(name); set {
			return nil, nil //nolint:nilnil // what kong takes for "not in the file"
		}
	}
	return r.values[flag.Name], nil
}

func (c *cli) logger() *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.LogLevel)) // the parser has checked it
	options := &slog.HandlerOptions{Level: level}
	if c.LogJSON {
		return slog.New(slog.NewJSONHandler(os.Stderr, options))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, options))
}
