package repo_test

import (
	"testing"
	"time"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/report"
	"github.com/microtracker/microtracker/repo/repotest"
)

// BenchmarkExport reads pages of 500 of the month of a million events, and what each look at what is live costs beside it.
func BenchmarkExport(b *testing.B) {
	project := manySessions(b)
	store := repotest.Store(b)
	const settled = 1_000_000 // the ids of a new database begin at 1
	whole := repo.Export{SettledID: settled, Question: repo.ExportQuestion{Bots: report.BotsIncluded}}
	narrow := whole
	narrow.Question.Filter = only(is(report.Source, "source 19"))
	late := time.Date(2026, 10, 30, 23, 58, 0, 0, time.UTC)
	middle := time.Date(2026, 10, 15, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name string
		read func() error
	}{
		{"a page by id", func() error { _, err := project.ExportByID(b.Context(), whole.Selection(), settled/2, 500); return err }},
		{"a filtered page by id", func() error {
			_, err := project.ExportByID(b.Context(), narrow.Selection(), settled/2, 500)
			return err
		}},
		{"a page by time", func() error {
			_, err := project.ExportByTime(b.Context(), whole.Selection(), repo.ExportPlace{At: middle}, middle.AddDate(0, 0, 1), 500)
			return err
		}},
		{"mark the events", func() error { _, err := store.MarkEvents(b.Context()); return err }},
		{"the first look at what is live", func() error { _, err := project.LiveEvents(b.Context(), late, 0, settled, 1000); return err }},
		{"who is live", func() error { _, err := project.Live(b.Context(), late, 10); return err }},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				if err := c.read(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
