package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/identity"
)

type projectCommand struct {
	List       projectListCommand       `cmd:"" help:"List the projects."`
	RotateKeys projectRotateKeysCommand `cmd:"" help:"Replace a key of a project and print the new one."`
}

type projectListCommand struct {
	Owner string    `help:"Only those of this account." placeholder:"EMAIL"`
	Page  pageFlags `embed:""`
}

// Run lists the projects in the order in which they were made.
func (c *projectListCommand) Run(ctx context.Context, flags *cli, logger *slog.Logger) error {
	page, err := c.Page.page()
	if err != nil {
		return err
	}
	db, err := flags.Database.openMigrated(ctx, logger)
	if err != nil {
		return err
	}
	defer db.close()
	var ownerID int64
	if c.Owner != "" {
		owner, err := db.account(ctx, c.Owner)
		if err != nil {
			return err
		}
		ownerID = owner.ID
	}
	projects, err := db.ProjectsAsOperator(ctx, ownerID, page)
	if err != nil {
		return err
	}
	more := len(projects) > c.Page.Limit
	projects = projects[:min(len(projects), c.Page.Limit)]
	list := table{header: []string{"ID", "NAME", "OWNER", "WEBSITE", "ACTIVE", "CREATED", "LAST USED"}}
	var last int64
	for i := range projects {
		project := &projects[i]
		last = project.ID
		active := "yes"
		if !project.IsActive {
			active = "no"
		}
		list.add(idCell(project.ID), project.Name, project.OwnerEmail, project.WebsiteURL, active, timeCell(project.CreatedAt), timeCell(project.LastUsedAt))
	}
	return list.print(more, last)
}

// maxGrace is how long an old key may work on; the API says the same.
const maxGrace = 30 * 24 * time.Hour

type projectRotateKeysCommand struct {
	ID    int64         `arg:"" help:"The project."`
	Key   string        `help:"Which one: public, which stands in the pages, or secret, for its server." enum:"public,secret" required:""`
	Grace time.Duration `help:"How long the old key works on, at most 720h; 0s ends it at once." default:"24h"`
}

// Run replaces the key.
func (c *projectRotateKeysCommand) Run(ctx context.Context, flags *cli, logger *slog.Logger) error {
	if c.Grace < 0 || c.Grace > maxGrace {
		return fmt.Errorf("--grace %v: give 0s to %v", c.Grace, maxGrace)
	}
	db, err := flags.Database.openMigrated(ctx, logger)
	if err != nil {
		return err
	}
	defer db.close()
	project, err := db.OpenProjectAsOperator(ctx, c.ID)
	if errors.Is(err, repo.ErrNotFound) {
		return fmt.Errorf("there is no project %d: see microtracker project list", c.ID)
	}
	if err != nil {
		return err
	}
	now := time.Now()
	var key identity.Secret
	if c.Key == "public" {
		key = identity.New(identity.PublicKey)
		err = project.RotatePublicKey(ctx, key.Reveal(), now.Add(c.Grace), now)
	} else {
		key = identity.New(identity.SecretKey)
		err = project.RotateSecretKey(ctx, key.SHA256(), now.Add(c.Grace), now)
	}
	if err != nil {
		return err
	}
	until := "the old one works until " + timeCell(now.Add(c.Grace))
	if c.Grace == 0 {
		until = "the old one has stopped working"
	}
	fmt.Printf("project %d (%s) has a new %s; %s\n", project.ID, harmless(project.Name), key.Kind(), until)
	if c.Key == "public" {
		fmt.Printf("%s: %s\n", key.Kind(), key.Reveal())
		return nil
	}
	fmt.Printf("%s (shown once): %s\n", key.Kind(), key.Reveal())
	return nil
}
