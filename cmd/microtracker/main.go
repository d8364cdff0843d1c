// Command microtracker is the whole product in one binary: the server with its dashboard, and the operator's tools.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// version is set by the build.
var version = "dev"

// cli is the command line. A value comes from its flag, else from its environment variable, else from the file.
type cli struct {
	Config   kong.ConfigFlag `help:"YAML file with settings, named as the flags are." env:"MICROTRACKER_CONFIG" placeholder:"FILE"`
	LogLevel string          `help:"debug, info, warn or error." enum:"debug,info,warn,error" default:"info" env:"MICROTRACKER_LOG_LEVEL"`
	LogJSON  bool            `help:"Log in JSON." env:"MICROTRACKER_LOG_JSON"`
	Database databaseFlags   `embed:""`

	Serve   serveCommand   `cmd:"" help:"Serve the API, the dashboard and the tracker."`
	Worker  workerCommand  `cmd:"" help:"Do background jobs in a process of its own."`
	Migrate migrateCommand `cmd:"" help:"Bring the database schema up to date, take migrations back, or list them."`
	User    userCommand    `cmd:"" help:"Manage accounts."`
	Project projectCommand `cmd:"" help:"Manage projects."`
	Token   tokenCommand   `cmd:"" help:"Manage personal access tokens."`
	Jobs    jobsCommand    `cmd:"" help:"See and steer what runs in the background, and what failed."`
	Load    loadCommand    `cmd:"" help:"Send realistic visits to a running server and say how it took them."`
	Doctor  doctorCommand  `cmd:"" help:"Look for what is wrong with the settings, the machine and the database, and say what to do."`
	Version versionCommand `cmd:"" help:"Print the version."`
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "microtracker:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var flags cli
	parser, err := kong.New(&flags,
		kong.Name("microtracker"),
		kong.Description("Web analytics and ad attribution on PostgreSQL alone."),
		kong.UsageOnError(),
		kong.Configuration(settingsFile),
		kong.BindTo(ctx, (*context.Context)(nil)),
	)
	if err != nil {
		return fmt.Errorf("build the command line: %w", err)
	}
	command, err := parser.Parse(args)
	if err != nil {
		if unwell := doctorOfSettings(args, err); unwell != nil {
			return unwell
		}
		return err
	}
	return command.Run(&flags, flags.logger())
}
