package repo

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// Inbox takes a project's events in and can do nothing else: it is all that a public key opens.
type Inbox struct {
	ProjectID int64
	// WebsiteURL is the project's own site, whose pages are no referrers.
	WebsiteURL string
	// LastUsedAt is when one of the project's keys was last used, to the minute.
	LastUsedAt time.Time

	store *Store
}

// OpenInbox opens the inbox of the project with this public key. ErrNotFound.
func (s *Store) OpenInbox(ctx context.Context, publicKey string) (*Inbox, error) {
	info := new(ProjectInfo)
	err := s.db.NewSelect().Model(info).Column("id", "website_url", "last_used_at").Where("public_key = ?", publicKey).Scan(ctx)
	if err != nil {
		return nil, classify("open the inbox", err)
	}
	return &Inbox{ProjectID: info.ID, WebsiteURL: info.WebsiteURL, LastUsedAt: info.LastUsedAt, store: s}, nil
}

// Touch notes that the project's public key was used now.
func (in *Inbox) Touch(ctx context.Context, now time.Time) error {
	_, err := in.store.db.NewUpdate().Model((*ProjectInfo)(nil)).
		Set("last_used_at = ?", now).Where("id = ?", in.ProjectID).Exec(ctx)
	return classify("touch the project", err)
}

// InTx runs work in one transaction and commits it: when InTx returns nil, everything is durable.
func (in *Inbox) InTx(ctx context.Context, work func(tx *IngestTx) error) error {
	conn, err := in.store.db.Conn(ctx)
	if err != nil {
		return classify("take a connection", err)
	}
	defer conn.Close() //nolint:errcheck // gives the connection back to the pool; nothing can be done about it
	// pgx underneath bun: bound arrays instead of text, one statement for many rows.
	err = conn.Raw(func(driverConn any) error {
		raw, ok := driverConn.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("the connection is %T, not pgx", driverConn)
		}
		return pgx.BeginFunc(ctx, raw.Conn(), func(tx pgx.Tx) error {
			return work(&IngestTx{tx: tx, projectID: in.ProjectID})
		})
	})
	return classify("store events", err)
}
