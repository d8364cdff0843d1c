package repo_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/report"
)

// journeys are the ways of some visitors to what they bought.
func journeys(t *testing.T) *trail {
	t.Helper()
	tr := newTrail(t)
	worth := func(value string) func(e *repo.Event) {
		return func(e *repo.Event) {
			if e.EventType == "conversion" {
				e.Value = value
			}
		}
	}
	// anna came by three ads, the first 31 days before the conversion, then by herself.
	tr.walk("anna", ofAd("Facebook", "c0", "", "a0"), "2026-09-10T12:00:00Z", "page_view / 0")
	tr.walk("anna", ofAd("Facebook", "c1", "s1", "a1"), "2026-10-01T12:00:00Z", "page_view / 0")
	tr.walk("anna", ofAd("Google", "c2", "s2", "a2"), "2026-10-08T12:00:00Z", "page_view / 0")
	tr.walkWith("anna", repo.TrackingSession{Source: "Direct / None"}, "2026-10-11T12:00:00Z", worth("10.01"), "page_view / 0", "conversion / 60", "conversion / 120")
	// The session of the conversion is a touch; one that comes later is none.
	tr.walkWith("ben", ofAd("Google", "c2", "s2", "a2"), "2026-10-11T12:00:00Z", worth("5"), "page_view / 0", "conversion / 60")
	tr.walk("ben", ofAd("Facebook", "c1", "s1", "a1"), "2026-10-11T13:00:00Z", "page_view / 0")
	// Nothing led him here. A bot's touches and conversions are none.
	tr.walkWith("cleo", repo.TrackingSession{Source: "Google"}, "2026-10-11T12:00:00Z", worth(""), "page_view / 0", "conversion / 60")
	tr.walkWith("bot", repo.TrackingSession{Source: "Google", UTMAdID: "a2", IsBot: true}, "2026-10-11T12:00:00Z", worth("7"), "page_view / 0", "conversion / 60")
	return tr
}

func ways(t *testing.T, tr *trail, q repo.AttributionQuery) []string {
	t.Helper()
	var lines []string
	err := tr.project.Deals(t.Context(), q, func(deal *repo.Deal, touches []repo.Touch) error {
		path := make([]string, len(touches))
		for i, touch := range touches {
			path[i] = fmt.Sprintf("%s %s/%s/%s %s", touch.At.UTC().Format("01-02"), touch.Campaign, touch.Adset, touch.Ad, touch.Platform)
		}
		lines = append(lines, fmt.Sprintf("%s %dx %s: %s", deal.At.UTC().Format("15:04"), deal.Count, strings.TrimRight(deal.Value, "0"), strings.Join(path, ", ")))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

func TestConversionsAreFollowedBackToTheirTouches(t *testing.T) {
	t.Parallel()
	tr := journeys(t)
	q := repo.AttributionQuery{
		Since: at(t, "2026-10-11T00:00:00Z"), Until: at(t, "2026-10-12T00:00:00Z"), Lookback: 30 * 24 * time.Hour,
		Conversions: []report.Conversion{report.AnyConversion()},
	}
	two := "10-01 c1/s1/a1 facebook, 10-08 c2/s2/a2 google"
	// The second conversion of a session counts for none; its money does.
	want := []string{"12:01 1x 10.01: " + two, "12:02 0x 10.01: " + two, "12:01 1x 5.: 10-11 c2/s2/a2 google", "12:01 1x : "}
	if diff := cmp.Diff(want, ways(t, tr, q), cmp.Transformer("zero", func(s string) string { return strings.ReplaceAll(s, "x 0:", "x :") })); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	q.Lookback = 32 * 24 * time.Hour
	if got := ways(t, tr, q)[0]; !strings.HasPrefix(got, "12:01 1x 10.01: 09-10 c0//a0 facebook, ") {
		t.Errorf("with 32 days: %s", got)
	}
	// A touch as old as the lookback is one.
	q.Lookback = 3*24*time.Hour + time.Minute
	if got := ways(t, tr, q)[0]; got != "12:01 1x 10.01: 10-08 c2/s2/a2 google" {
		t.Errorf("at the edge: %s", got)
	}
	q.Lookback -= time.Microsecond
	if got := ways(t, tr, q)[0]; got != "12:01 1x 10.01: " {
		t.Errorf("over the edge: %s", got)
	}
}

func TestOneConversionIsExplained(t *testing.T) {
	t.Parallel()
	tr := journeys(t)
	q := repo.AttributionQuery{
		Since: at(t, "2026-10-11T00:00:00Z"), Until: at(t, "2026-10-12T00:00:00Z"), Lookback: 30 * 24 * time.Hour,
		Conversions: []report.Conversion{report.AnyConversion()},
	}
	var ids []uuid.UUID
	var sessions []int64
	if err := tr.project.Deals(t.Context(), q, func(deal *repo.Deal, _ []repo.Touch) error {
		ids, sessions = append(ids, deal.EventID), append(sessions, deal.SessionID)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for _, session := range []int64{0, sessions[1]} {
		deal, _, touches, err := tr.project.ExplainDeal(t.Context(), q, ids[1], session)
		if err != nil || deal.EventID != ids[1] || len(touches) != 2 || touches[1].Ad != "a2" {
			t.Errorf("explained as %+v by %+v, %v", deal, touches, err)
		}
	}
	if _, _, _, err := tr.project.ExplainDeal(t.Context(), q, ids[1], sessions[2]); !errors.Is(err, repo.ErrNotFound) {
		t.Errorf("in another session: %v", err)
	}
	if _, _, _, err := tr.project.ExplainDeal(t.Context(), q, uuid.New(), 0); !errors.Is(err, repo.ErrNotFound) {
		t.Errorf("an unknown event: %v", err)
	}
}

func TestTheLedgerSaysWhereClicksWereLost(t *testing.T) {
	t.Parallel()
	tr := market(t)
	tr.walkWith("slow", ofAd("Facebook", "c1", "s1", "a1"), "2026-10-05T12:30:00Z", func(e *repo.Event) {
		if e.EventType == "web_vital" {
			e.Name, e.Meta = "LCP", []byte(`{"value": 4000}`)
		}
	}, "page_view / 0", "web_vital / 5")
	tr.walkWith("odd", ofAd("Facebook", "c1", "s1", "a1"), "2026-10-05T12:30:00Z", func(e *repo.Event) {
		if e.EventType == "web_vital" {
			e.Name, e.Meta = "LCP", []byte(`{"value": "slow"}`)
		}
	}, "page_view / 0", "web_vital / 5")
	tr.walk("macro", repo.TrackingSession{UTMSource: "Facebook", Source: "Facebook", UTMAdID: "a9", HasMacro: true}, "2026-10-05T12:30:00Z", "page_view / 0", "click / 1")
	q := repo.LedgerQuery{
		Since: date(t, "2026-10-05"), Until: date(t, "2026-10-07"), Conversions: []report.Conversion{report.AnyConversion()}, Limit: 3,
	}
	var lines []string
	for {
		rows, more, err := tr.project.ClickLedger(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			lines = append(lines, fmt.Sprintf("%s %s %s/%s/%s clicks %d arrived %d landed %d bounced %d engaged %d submitted %d converted %d; %d %d %.5s; slow %d bots %v macros %d",
				r.Day, r.Platform, r.Campaign, r.Adset, r.Ad, r.Clicks, r.Arrived, r.Landed, r.Bounces, r.Engaged, r.Submitted, r.Converted,
				r.FormSubmits, r.Conversions, r.Revenue, r.SlowBounces, r.Bots, r.Macros))
		}
		if !more {
			break
		}
		q.After = &rows[len(rows)-1].Key
	}
	want := []string{
		"2026-10-05 facebook c1/s1/a1 clicks 50 arrived 6 landed 5 bounced 3 engaged 2 submitted 1 converted 2; 1 2 60.00; slow 1 bots map[user_agent:1] macros 1",
		"2026-10-05 google g1// clicks 30 arrived 1 landed 1 bounced 0 engaged 1 submitted 0 converted 0; 0 0 0; slow 0 bots map[] macros 0",
		"2026-10-05 facebook c1/s1/a2 clicks 3 arrived 0 landed 0 bounced 0 engaged 0 submitted 0 converted 0; 0 0 0; slow 0 bots map[] macros 1",
		"2026-10-05  October// clicks 0 arrived 1 landed 1 bounced 0 engaged 1 submitted 0 converted 0; 0 0 0; slow 0 bots map[] macros 0",
		"2026-10-05 facebook //a9 clicks 0 arrived 1 landed 1 bounced 0 engaged 1 submitted 0 converted 0; 0 0 0; slow 0 bots map[] macros 1",
		"2026-10-06 facebook c1/s1/a1 clicks 10 arrived 0 landed 0 bounced 0 engaged 0 submitted 0 converted 0; 0 0 0; slow 0 bots map[] macros 0",
		"2026-10-06 facebook c9//a9 clicks 0 arrived 1 landed 1 bounced 0 engaged 1 submitted 0 converted 0; 0 0 0; slow 0 bots map[] macros 0",
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
