package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server"
)

type tokenCommand struct {
	List   tokenListCommand   `cmd:"" help:"List an account's personal access tokens, newest first."`
	Create tokenCreateCommand `cmd:"" help:"Make a personal access token for an account and print it."`
	Revoke tokenRevokeCommand `cmd:"" help:"Revoke a personal access token, whoever's it is."`
}

type tokenListCommand struct {
	Email string    `arg:"" help:"Address of the account."`
	Page  pageFlags `embed:""`
}

// Run lists the account's tokens.
func (c *tokenListCommand) Run(ctx context.Context, flags *cli, logger *slog.Logger) error {
	page, err := c.Page.page()
	if err != nil {
		return err
	}
	db, err := flags.Database.openMigrated(ctx, logger)
	if err != nil {
		return err
	}
	defer db.close()
	user, err := db.account(ctx, c.Email)
	if err != nil {
		return err
	}
	tokens, err := db.Tokens(ctx, user.ID, page)
	if err != nil {
		return err
	}
	more := len(tokens) > c.Page.Limit
	tokens = tokens[:min(len(tokens), c.Page.Limit)]
	list := table{header: []string{"ID", "NAME", "ABILITIES", "CREATED", "EXPIRES", "LAST USED"}}
	var last int64
	for i := range tokens {
		token := &tokens[i]
		last = token.ID
		list.add(idCell(token.ID), token.Name, token.Abilities, timeCell(token.CreatedAt), timeCell(token.ExpiresAt), timeCell(token.LastUsedAt))
	}
	return list.print(more, last)
}

type tokenCreateCommand struct {
	Email     string        `arg:"" help:"Address of the account that the token acts for."`
	Name      string        `help:"What the token is for." required:""`
	Abilities []string      `help:"What it may do, such as reports:read,ads:read. Default: all that the account may." default:"*"`
	ExpiresIn time.Duration `help:"How long it works, such as 720h. Default: without end."`
}

// Run makes the token.
func (c *tokenCreateCommand) Run(ctx context.Context, flags *cli, logger *slog.Logger) error {
	if n := len([]rune(c.Name)); n < 1 || n > maxCell {
		return fmt.Errorf("--name has %d characters; give 1 to %d", n, maxCell)
	}
	if c.ExpiresIn < 0 {
		return fmt.Errorf("--expires-in %v: it would have expired", c.ExpiresIn)
	}
	db, err := flags.Database.openMigrated(ctx, logger)
	if err != nil {
		return err
	}
	defer db.close()
	user, err := db.account(ctx, c.Email)
	if err != nil {
		return err
	}
	token := &repo.PersonalAccessToken{Name: c.Name, CreatedAt: time.Now()}
	if c.ExpiresIn > 0 {
		token.ExpiresAt = token.CreatedAt.Add(c.ExpiresIn)
	}
	secret, err := server.CreateToken(ctx, db.Store, user.ID, token, c.Abilities)
	if err != nil {
		return err
	}
	fmt.Printf("created token %d of %s, which may do: %s\n", token.ID, harmless(user.Email), strings.Join(c.Abilities, ", "))
	if !user.DisabledAt.IsZero() {
		fmt.Println("the account is disabled: its tokens are refused until microtracker user enable lets it in again")
	}
	fmt.Printf("token (shown once): %s\n", secret.Reveal())
	return nil
}

type tokenRevokeCommand struct {
	ID int64 `arg:"" help:"The token."`
}

// Run revokes the token.
func (c *tokenRevokeCommand) Run(ctx context.Context, flags *cli, logger *slog.Logger) error {
	db, err := flags.Database.openMigrated(ctx, logger)
	if err != nil {
		return err
	}
	defer db.close()
	token, owner, err := db.TokenAsOperator(ctx, c.ID)
	if errors.Is(err, repo.ErrNotFound) {
		return fmt.Errorf("there is no token %d: see microtracker token list", c.ID)
	}
	if err != nil {
		return err
	}
	if err := db.DeleteToken(ctx, owner.ID, token.ID); err != nil {
		return err
	}
	fmt.Printf("revoked token %d (%s) of %s\n", token.ID, harmless(token.Name), harmless(owner.Email))
	return nil
}
