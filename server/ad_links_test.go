package server_test

import (
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/repo/repotest"
	"github.com/microtracker/microtracker/server/jobs"
	"github.com/microtracker/microtracker/server/tasks"
)

func TestAnAdsAddressIsMadeAndChecked(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	client := w.adsOf(t, who)
	built, err := client.BuildTrackingUrl(t.Context(), &microtrackerv1.BuildTrackingUrlRequest{ProjectId: who.project.ID, Platform: "facebook", PageUrl: "https://example.com/shoes"})
	if err != nil || !strings.Contains(built.GetUrl(), "utm_ad_id={{ad.id}}") {
		t.Fatal(built, err)
	}
	linted, err := client.LintTrackingUrl(t.Context(), &microtrackerv1.LintTrackingUrlRequest{ProjectId: who.project.ID, Url: strings.Replace(built.GetUrl(), "ad.id", "ad_id", 1)})
	if err != nil || len(linted.GetFindings()) != 1 || linted.GetFindings()[0].GetKind() != "misspelt" || linted.GetFixedUrl() != built.GetUrl() {
		t.Error(linted, err)
	}
	if _, err := client.BuildTrackingUrl(t.Context(), &microtrackerv1.BuildTrackingUrlRequest{ProjectId: who.project.ID, Platform: "google", PageUrl: "shoes"}); connect.CodeOf(err) != connect.CodeInvalidArgument {
		t.Error(err)
	}
}

func TestMacrosOnLandingPagesAreFoundByTheDailyJob(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	at := time.Now().UTC().Truncate(time.Second).Add(-3 * time.Hour)
	first := of(visitor("anna"), at, "https://example.com/?utm_source=tiktok&utm_id=_CAMPAIGN_ID_&ttclid=one")
	second := of(visitor("ben"), at.Add(time.Minute), "https://example.com/?utm_source=tiktok&utm_id=_CAMPAIGN_ID_&ttclid=two")
	right := of(visitor("carl"), at, "https://example.com/?utm_source=tiktok&utm_id=17&ttclid=three")
	w.sends(t, secretKey(t, who.project), &microtrackerv1.TrackRequest{Events: []*microtrackerv1.Event{first, second, right}}, "ACCEPTED", "ACCEPTED", "ACCEPTED")
	registry := jobs.NewRegistry()
	tasks.Register(registry, tasks.Config{Store: w.store, Sender: mailbox(w.mails)})
	for _, schedule := range registry.Schedules() {
		if schedule.Name != "lint landing pages" {
			continue
		}
		job, err := schedule.Job()
		if err != nil {
			t.Fatal(err)
		}
		enqueue(t, w.store, job)
	}
	w.work(t)
	left := func() int64 {
		return repotest.Number(t, w.databaseURL, "SELECT count(*) FROM jobs WHERE payload LIKE '%lint_landing%'")
	}
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for left() > 0 {
		select {
		case <-again.C:
		case <-t.Context().Done():
			t.Fatal("the job waits")
		}
	}
	res, err := w.adsOf(t, who).ListAdFindings(t.Context(), &microtrackerv1.ListAdFindingsRequest{ProjectId: who.project.ID})
	if err != nil || len(res.GetFindings()) != 1 {
		t.Fatal(res, err)
	}
	found := res.GetFindings()[0]
	if found.GetSessions() != 2 || found.GetPlatform() != "tiktok" || found.GetFixedUrl() != "https://example.com/?utm_source=tiktok&utm_id=__CAMPAIGN_ID__" ||
		!found.GetLastSeenTime().AsTime().Equal(at.Add(time.Minute)) || found.GetFindings()[0].GetKind() != "misspelt" {
		t.Errorf("%v", found)
	}
}
