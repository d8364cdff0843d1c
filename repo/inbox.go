package repo

import (
	"context"
	"time"
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
	// HonorGlobalPrivacyControl and HonorDoNotTrack say which wishes not to be measured the project honours.
	HonorGlobalPrivacyControl, HonorDoNotTrack bool
	// EventsDeletedBefore is until where events have been deleted for their age; zero: not at all.
	EventsDeletedBefore time.Time
	// LastUsedAt is when one of the project's keys was last used, to the minute.
	LastUsedAt time.Time
	// WorksUntil is when the key that opened the inbox ends; zero if it does not.
	WorksUntil time.Time
	// Settings stands for all of the above that decides what becomes of an event. The transaction that stores the event
	// compares it, so an inbox may be kept for a while.
	Settings string

	publicKey, oldPublicKey string
}

// settingsColumn makes Inbox.Settings out of a row of projects.
const settingsColumn = `concat_ws(' ', is_active, privacy_mode, honor_global_privacy_control, honor_do_not_track,
	allowed_hostnames, quote_nullable(website_url), public_key, old_public_key, old_public_key_expires_at, events_deleted_before)`

// OpenInbox opens the inbox of the project with this public key, or with the one before while that works. ErrNotFound.
func (s *Store) OpenInbox(ctx context.Context, publicKey string, now time.Time) (*Inbox, error) {
	return s.openInbox(ctx, publicKey, "public_key = ? OR (old_public_key = ? AND old_public_key_expires_at > ?)", publicKey, publicKey, now)
}

// OpenInboxOf opens the inbox of a project that the caller may open. ErrNotFound.
func (s *Store) OpenInboxOf(ctx context.Context, caller Caller, projectID int64) (*Inbox, error) {
	if caller.ProjectID != 0 {
		return s.openInbox(ctx, "", "id = ? AND id = ?", projectID, caller.ProjectID)
	}
	return s.openInbox(ctx, "", "id = ? AND owner_user_id = ?", projectID, caller.UserID)
}

// openInbox reads the row that the condition, which is ours, names.
func (s *Store) openInbox(ctx context.Context, publicKey, condition string, args ...any) (*Inbox, error) {
	var row struct {
		ProjectInfo `bun:",extend"`

		Settings string
	}
	info := &row.ProjectInfo
	err := s.db.NewSelect().TableExpr("projects").
		Column("id", "website_url", "is_active", "last_used_at", "allowed_hostnames", "privacy_mode",
			"honor_global_privacy_control", "honor_do_not_track", "public_key", "old_public_key", "old_public_key_expires_at",
			"events_deleted_before").
		ColumnExpr(settingsColumn+" AS settings").Where(condition, args...).Scan(ctx, &row)
	if err != nil {
		return nil, classify("open the inbox", err)
	}
	inbox := &Inbox{
		ProjectID: info.ID, WebsiteURL: info.WebsiteURL, IsActive: info.IsActive, LastUsedAt: info.LastUsedAt,
		AllowedHostnames: info.AllowedHostnames, PrivacyMode: info.PrivacyMode, Settings: row.Settings,
		publicKey: info.PublicKey, oldPublicKey: info.OldPublicKey,
		HonorGlobalPrivacyControl: info.HonorGlobalPrivacyControl, HonorDoNotTrack: info.HonorDoNotTrack,
		EventsDeletedBefore: info.EventsDeletedBefore,
	}
	if publicKey != "" && publicKey == info.OldPublicKey {
		inbox.WorksUntil = info.OldPublicKeyExpiresAt
	}
	return inbox, nil
}

// HasKey reports whether this is one of the project's public keys.
func (in *Inbox) HasKey(publicKey string) bool {
	return publicKey != "" && (publicKey == in.publicKey || publicKey == in.oldPublicKey)
}
