package rollup

import (
	"fmt"
	"testing"
	"time"

	"github.com/microtracker/microtracker/repo"
)

// BenchmarkCounter counts a day of a million events as it comes from the database: 143,000 sessions, 2,000 paths, 400 kinds of
// sessions.
func BenchmarkCounter(b *testing.B) {
	const sessions = 143_000
	for _, steps := range []int{1, 48} {
		w := repo.RollupWindow{Since: time.Unix(0, 0).UTC(), Until: time.Unix(86400, 0).UTC(), Step: 86400 * time.Second / time.Duration(steps)}
		startOf := func(n int) time.Time { return w.Since.Add(time.Duration(n) * (86400 * time.Second / sessions)) }
		var events []*repo.RollupEvent
		for n := range sessions {
			for k, kind := range []string{"page_view", "exit", "page_view", "click", "page_view", "exit", "page_view"} {
				e := &repo.RollupEvent{
					Step: int(startOf(n).Sub(w.Since) / w.Step), SessionID: int64(1_000_000 + n), Type: []byte(kind),
					Path: fmt.Append(nil, "/products/", (n*31+k*17)%10007*((n*31+k*17)%10007)/50000),
				}
				if kind == "click" {
					e.Name = fmt.Append(nil, "Button ", n%50)
				}
				events = append(events, e)
			}
		}
		b.Run(fmt.Sprint(steps, " steps"), func(b *testing.B) {
			for b.Loop() {
				c := newCounter(w, steps, w.Until)
				for n := range sessions {
					c.addSession(&repo.RollupSession{
						ID: int64(1_000_000 + n), VisitorID: int64(n * 7919 % 100_000), StartedAt: startOf(n), Numbers: [8]int64{1, 0, 600, 5000, 1000, 1, 5000, 1},
						Texts: texts(map[int]string{
							0: fmt.Sprint("/products/", n%2003), 1: "/", 2: []string{"Google", "mail"}[n%2], 3: "Direct", 8: []string{"DE", "FR", "US"}[n%3],
							10: "desktop", 11: "Chrome", 12: []string{"Windows", "iOS"}[n%2],
						}),
					})
				}
				for _, e := range events {
					c.addEvent(e)
				}
				c.sort()
				for _, step := range c.finish("UTC") {
					for _, breakdown := range step.breakdowns {
						_ = breakdown.encode()
					}
					_ = step.block.encode()
				}
			}
		})
	}
}
