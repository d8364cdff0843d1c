package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

type migrateCommand struct {
	Up     migrateUpCommand     `cmd:"" help:"Apply all pending migrations."`
	Down   migrateDownCommand   `cmd:"" help:"Take the newest migration back, with the data of its tables."`
	Status migrateStatusCommand `cmd:"" help:"List the migrations and when they were applied."`
}

type migrateUpCommand struct{}

// Run applies all pending migrations.
func (migrateUpCommand) Run(ctx context.Context, flags *cli, logger *slog.Logger) error {
	db, err := flags.Database.openBeside(ctx, logger)
	if err != nil {
		return err
	}
	defer db.close()
	applied, err := db.Migrate(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("%d migrations applied\n", applied)
	return nil
}

type migrateDownCommand struct {
	Yes bool `help:"Confirm that the data of the tables goes with them." required:""`
}

// Run takes the newest migration back.
func (migrateDownCommand) Run(ctx context.Context, flags *cli, logger *slog.Logger) error {
	db, err := flags.Database.openBeside(ctx, logger)
	if err != nil {
		return err
	}
	defer db.close()
	version, err := db.MigrateDown(ctx)
	if err != nil {
		return err
	}
	if version == 0 {
		fmt.Println("there is no migration to take back")
		return nil
	}
	fmt.Printf("migration %d taken back\n", version)
	return nil
}

type migrateStatusCommand struct{}

// Run lists the migrations.
func (migrateStatusCommand) Run(ctx context.Context, flags *cli, logger *slog.Logger) error {
	db, err := flags.Database.openBeside(ctx, logger)
	if err != nil {
		return err
	}
	defer db.close()
	list, err := db.Migrations(ctx)
	if err != nil {
		return err
	}
	for _, m := range list {
		applied := "pending"
		if !m.AppliedAt.IsZero() {
			applied = m.AppliedAt.UTC().Format(time.RFC3339)
		}
		fmt.Printf("%-20s  %s\n", applied, m.Name)
	}
	return nil
}
