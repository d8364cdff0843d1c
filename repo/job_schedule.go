package repo

import (
	"context"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
)

// JobSchedule is something that happens by the clock: a row of job_schedules.
type JobSchedule struct {
	bun.BaseModel `bun:"table:job_schedules"`

	Name string `bun:",pk"`
	// Cron is an expression of five fields, or @every and a duration; it is read in TimeZone.
	Cron      string
	TimeZone  string
	NextRunAt time.Time
	LastRunAt time.Time `bun:",nullzero"`
	// LastJobID is the job that was enqueued last.
	LastJobID int64 `bun:",nullzero"`
}

// JobSchedules lists the schedules by name.
func (s *Store) JobSchedules(ctx context.Context) ([]JobSchedule, error) {
	var schedules []JobSchedule
	err := s.db.NewSelect().Model(&schedules).Order("name").Scan(ctx)
	return schedules, classify("list the schedules", err)
}

// Now is the time by the database's clock.
func (s *Store) Now(ctx context.Context) (time.Time, error) {
	var seconds int64
	err := s.db.NewRaw("SELECT epoch_now()").Scan(ctx, &seconds)
	return time.Unix(seconds, 0).UTC(), classify("ask for the time", err)
}

// SaveJobSchedule stores a schedule in place of what was there under its name.
func (t *Tx) SaveJobSchedule(ctx context.Context, schedule *JobSchedule) error {
	_, err := t.tx.NewInsert().Model(schedule).On("CONFLICT (name) DO UPDATE").
		Set("cron = EXCLUDED.cron").Set("time_zone = EXCLUDED.time_zone").Set("next_run_at = EXCLUDED.next_run_at").
		Set("last_run_at = EXCLUDED.last_run_at").Set("last_job_id = EXCLUDED.last_job_id").Exec(ctx)
	return classify("save the schedule", err)
}

// KeepJobSchedules deletes the schedules with other names.
func (t *Tx) KeepJobSchedules(ctx context.Context, names []string) error {
	_, err := t.tx.NewDelete().Model((*JobSchedule)(nil)).Where("NOT name = ANY (?)", pgdialect.Array(names)).Exec(ctx)
	return classify("delete old schedules", err)
}
