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
	"github.com/microtracker/microtracker/server/limit"
)

type userCommand struct {
	List          userListCommand          `cmd:"" help:"List the accounts."`
	Create        userCreateCommand        `cmd:"" help:"Open an account and print its password, unless one is given."`
	ResetPassword userResetPasswordCommand `cmd:"" help:"Give an account a new password, print it, and end its sessions."`
	Disable       userDisableCommand       `cmd:"" help:"Shut an account out: end its sessions, refuse its logins and tokens."`
	Enable        userEnableCommand        `cmd:"" help:"Let a disabled account in again."`
	Operator      userOperatorCommand      `cmd:"" help:"Let an account see and steer what concerns the whole instance, such as background jobs."`
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
		if identity.IsCommonPassword(password) || identity.IsGuessable(password, c.Email, name) {
			return errors.New("the password is one of those that are tried first; choose another")
		}
	}
	db, err := flags.Database.openMigrated(ctx, logger)
	if err != nil {
		return err
	}
	defer db.close()
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

type userListCommand struct {
	Page pageFlags `embed:""`
}

// Run lists the accounts in the order in which they were opened.
func (c *userListCommand) Run(ctx context.Context, flags *cli, logger *slog.Logger) error {
	page, err := c.Page.page()
	if err != nil {
		return err
	}
	db, err := flags.Database.openMigrated(ctx, logger)
	if err != nil {
		return err
	}
	defer db.close()
	users, err := db.UsersAsOperator(ctx, page)
	if err != nil {
		return err
	}
	more := len(users) > c.Page.Limit
	users = users[:min(len(users), c.Page.Limit)]
	list := table{header: []string{"ID", "E-MAIL", "NAME", "CREATED", "VERIFIED", "DISABLED", "OPERATOR"}}
	var last int64
	for i := range users {
		user := &users[i]
		last = user.ID
		operator := ""
		if user.IsOperator {
			operator = "yes"
		}
		list.add(idCell(user.ID), user.Email, user.Name, timeCell(user.CreatedAt), timeCell(user.EmailVerifiedAt), timeCell(user.DisabledAt), operator)
	}
	return list.print(more, last)
}

type userResetPasswordCommand struct {
	Email string `arg:"" help:"Address of the account."`
}

// Run gives the account a new password and ends its sessions.
func (c *userResetPasswordCommand) Run(ctx context.Context, flags *cli, logger *slog.Logger) error {
	db, err := flags.Database.openMigrated(ctx, logger)
	if err != nil {
		return err
	}
	defer db.close()
	user, err := db.account(ctx, c.Email)
	if err != nil {
		return err
	}
	password := newPassword()
	hash, err := identity.NewPasswords(1).Hash(ctx, password)
	if err != nil {
		return err
	}
	if err := db.ResetPasswordAsOperator(ctx, user, hash, time.Now()); err != nil {
		return err
	}
	// Whoever forgot the password has tried often.
	if err := limit.New(db.Store, time.Now).Reset(ctx, limit.LoginPerAccount, limit.Account(user.Email)); err != nil {
		return err
	}
	fmt.Printf("%s has a new password; all its sessions have ended, its tokens work on\n", harmless(user.Email))
	if !user.DisabledAt.IsZero() {
		fmt.Println("the account is disabled: microtracker user enable lets it in again")
	}
	fmt.Printf("password (shown once): %s\n", password)
	return nil
}

type userDisableCommand struct {
	Email string `arg:"" help:"Address of the account."`
}

// Run shuts the account out.
func (c *userDisableCommand) Run(ctx context.Context, flags *cli, logger *slog.Logger) error {
	db, err := flags.Database.openMigrated(ctx, logger)
	if err != nil {
		return err
	}
	defer db.close()
	user, err := db.account(ctx, c.Email)
	if err != nil {
		return err
	}
	// In this order: nobody signs in between the two. Done again, it finishes what was interrupted.
	if user.DisabledAt.IsZero() {
		if err := db.SetUserDisabled(ctx, user.ID, time.Now()); err != nil {
			return err
		}
	}
	if err := db.DeleteOtherSessions(ctx, user.ID, ""); err != nil {
		return err
	}
	fmt.Printf("disabled %s: its sessions have ended, its tokens are refused; the keys of its projects work on\n", harmless(user.Email))
	return nil
}

type userEnableCommand struct {
	Email string `arg:"" help:"Address of the account."`
}

// Run lets the account in again.
func (c *userEnableCommand) Run(ctx context.Context, flags *cli, logger *slog.Logger) error {
	db, err := flags.Database.openMigrated(ctx, logger)
	if err != nil {
		return err
	}
	defer db.close()
	user, err := db.account(ctx, c.Email)
	if err != nil {
		return err
	}
	if err := db.SetUserDisabled(ctx, user.ID, time.Time{}); err != nil {
		return err
	}
	fmt.Printf("enabled %s\n", harmless(user.Email))
	return nil
}

type userOperatorCommand struct {
	Email  string `arg:"" help:"Address of the account."`
	Revoke bool   `help:"Make it an account like others again."`
}

// Run makes the account an operator, or no longer one.
func (c *userOperatorCommand) Run(ctx context.Context, flags *cli, logger *slog.Logger) error {
	db, err := flags.Database.openMigrated(ctx, logger)
	if err != nil {
		return err
	}
	defer db.close()
	user, err := db.account(ctx, c.Email)
	if err != nil {
		return err
	}
	if err := db.SetUserOperator(ctx, user.ID, !c.Revoke); err != nil {
		return err
	}
	if c.Revoke {
		fmt.Printf("%s is no operator any more\n", harmless(user.Email))
		return nil
	}
	fmt.Printf("%s is an operator: it sees and steers what concerns the whole instance, and so do its tokens with the scope\n", harmless(user.Email))
	return nil
}
