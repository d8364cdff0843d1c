package repo

import (
	"context"
	"time"
)

// VisitorSalt returns the random salt of the UTC day of at, making it if no replica has yet: all agree on one.
// candidate is what it becomes if it is new.
func (s *Store) VisitorSalt(ctx context.Context, at time.Time, candidate []byte) ([]byte, error) {
	day := at.UTC().Format(time.DateOnly)
	_, err := s.db.NewRaw("INSERT INTO visitor_salts (day, salt) VALUES (?, ?) ON CONFLICT (day) DO NOTHING", day, candidate).Exec(ctx)
	if err != nil {
		return nil, classify("make the visitor salt", err)
	}
	var salt []byte
	err = s.db.NewRaw("SELECT salt FROM visitor_salts WHERE day = ?", day).Scan(ctx, &salt)
	return salt, classify("read the visitor salt", err)
}

// DeleteVisitorSalts destroys the salts of days before the given one: from then on nobody can tell who a key was.
func (s *Store) DeleteVisitorSalts(ctx context.Context, before time.Time) error {
	_, err := s.db.NewRaw("DELETE FROM visitor_salts WHERE day < ?", before.UTC().Format(time.DateOnly)).Exec(ctx)
	return classify("destroy old visitor salts", err)
}

// OldVisitorSalt returns the salt of a day that is over, nil if it has none or its salt is destroyed.
func (s *Store) OldVisitorSalt(ctx context.Context, day time.Time) ([]byte, error) {
	var salt []byte
	err := s.db.NewRaw("SELECT salt FROM visitor_salts WHERE day = ?", day.UTC().Format(time.DateOnly)).Scan(ctx, &salt)
	if err = classify("read the visitor salt", err); isNotFound(err) {
		return nil, nil
	}
	return salt, err
}
