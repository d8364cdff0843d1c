package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server"
	"github.com/microtracker/microtracker/server/identity"
)

type userCommand struct {
	Create userCreateCommand `cmd:"" help:"Open an account and print its password, unless one is given."`
}

type userCreateCommand struct {
	Email         string `arg:"" help:"Address to log in with."`
	Name          string `help:"Display name. Default: what stands before the @."`
	PasswordStdin bool   `help:"Read the password from the first line of the standard input."`
}

// Run opens the account.
func (c *userCreateCommand) Run(ctx context.Context, flags *cli, logger *slog.Logger) error {
	name, _, isAddress := strings.Cut(c.Email, "@")
	if !isAddress {
		return fmt.Errorf("%q is no e-mail address", c.Email)
	}
	if c.Name != "" {
		name = c.Name
	}
	password := newPassword()
	if c.PasswordStdin {
		line, err := bufio.NewReader(os.Stdin).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read the password: %w", err)
		}
		password = strings.TrimRight(line, "\r\n")
		if n := len([]rune(password)); n < 8 || n > 128 {
			return fmt.Errorf("the password has %d characters; give 8 to 128", n)
		}
	}
	db, err := flags.Database.openBeside(ctx, logger)
	if err != nil {
		return err
	}
	defer db.close()
	if _, err := db.Migrate(ctx); err != nil {
		return err
	}
	now := time.Now()
	account := repo.User{Name: name, Email: c.Email, EmailVerifiedAt: now, CreatedAt: now}
	user, err := server.CreateUser(ctx, db.Store, identity.NewPasswords(1), account, password)
	if errors.Is(err, repo.ErrConflict) {
		return fmt.Errorf("an account with the address %s exists", c.Email)
	}
	if err != nil {
		return err
	}
	fmt.Printf("created %s (user %d)\n", user.Email, user.ID)
	if !c.PasswordStdin {
		fmt.Printf("password (shown once): %s\n", password)
	}
	return nil
}
