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
	// IsActive says whether the project takes events at all.
	IsActive bool
	// AllowedHostnames are the hosts whose pages may send events, with "*." before one for its subdomains; none: any.
	AllowedHostnames []string
	// PrivacyMode is cookieless or stored_id.
	PrivacyMode string
	// LastUsedAt is when one of the project's keys was last used, to the minute.
	LastUsedAt time.Time

	store *Store
}

// OpenInbox opens the inbox of the project with this public key, or with the one before while that works. ErrNotFound.
func (s *Store) OpenInbox(ctx context.Context, publicKey string, now time.Time) (*Inbox, error) {
	info := new(ProjectInfo)
	err := s.db.NewSelect().Model(info).Column("id", "website_url", "is_active", "last_used_at", "allowed_hostnames", "privacy_mode").
		Where("public_key = ? OR (old_public_key = ? AND old_public_key_expires_at > ?)", publicKey, publicKey, now).Scan(ctx)
	if err != nil {
		return nil, classify("open the inbox", err)
	}
	return &Inbox{
		ProjectID: info.ID, WebsiteURL: info.WebsiteURL, IsActive: info.IsActive, LastUsedAt: info.LastUsedAt,
		AllowedHostnames: info.AllowedHostnames, PrivacyMode: info.PrivacyMode, store: s,
	}, nil
}

// Touch notes that the project's public key was used now.
func (in *Inbox) Touch(ctx context.Context, now time.Time) error {
	return in.store.TouchProject(ctx, in.ProjectID, now)
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
