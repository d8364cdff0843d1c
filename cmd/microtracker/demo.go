package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server"
	"github.com/microtracker/microtracker/server/identity"
)

// The account and the project that a newcomer finds.
const (
	demoEmail   = "owner@example.com"
	demoProject = "Demo shop"
)

// bootstrap makes the owner account and the demo project if the database has no account yet, and prints the password,
// which is kept nowhere.
func bootstrap(ctx context.Context, db *database, out io.Writer) error {
	exists, err := db.HasUsers(ctx)
	if err != nil || exists {
		return err
	}
	password := newPassword()
	now := time.Now()
	account := repo.User{Name: "Owner", Email: demoEmail, EmailVerifiedAt: now, CreatedAt: now, IsOperator: true}
	owner, err := server.CreateUser(ctx, db.Store, identity.NewPasswords(1), account, password)
	if errors.Is(err, repo.ErrConflict) {
		return nil // another replica was faster
	}
	if err != nil {
		return err
	}
	_, _, err = server.CreateProject(ctx, db.Store, repo.ProjectInfo{
		OwnerUserID: owner.ID, CreatedAt: now, Name: demoProject, Description: "Counts the visitors of the demo shop at /demo.",
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "\n  Your account (shown once):  %s  /  %s\n", demoEmail, password)
	return err
}

// demoKey returns the public key of the project that counts the demo shop's visitors.
func demoKey(db *database) func(ctx context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		owner, err := db.UserByEmail(ctx, demoEmail)
		if err != nil {
			return "", err
		}
		projects, err := db.Projects(ctx, repo.Caller{UserID: owner.ID}, repo.Page[string]{Limit: 1000})
		if err != nil {
			return "", err
		}
		for _, project := range projects {
			if project.Name == demoProject {
				return project.PublicKey, nil
			}
		}
		return "", repo.ErrNotFound
	}
}

func printWelcome(out io.Writer, address string) {
	// To a terminal that is not there, nobody listens.
	_, _ = fmt.Fprintf(out, "\n  Dashboard:  %s/\n  Demo shop:  %s/demo/   click around and watch yourself appear\n\n  Ctrl-C stops the server; the data stays in the data folder.\n\n", address, address)
}

// newPassword returns 16 characters with 80 bits of chance, in groups that can be typed.
func newPassword() string {
	text := strings.ToLower(rand.Text())[:16]
	return text[0:4] + "-" + text[4:8] + "-" + text[8:12] + "-" + text[12:16]
}
