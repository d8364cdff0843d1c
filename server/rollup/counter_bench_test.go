package rollup

import (
	"encoding/binary"
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
		groups := map[string]*repo.RollupEvents{}
		startOf := func(n int) time.Time { return w.Since.Add(time.Duration(n) * (86400 * time.Second / sessions)) }
		for n := range sessions {
			for k, kind := range []string{"page_view", "exit", "page_view", "click", "page_view", "exit", "page_view"} {
				step := startOf(n).Truncate(w.Step)
				e := &repo.RollupEvents{Step: step, Type: kind, Path: fmt.Sprint("/products/", (n*31+k*17)%10007*((n*31+k*17)%10007)/50000)}
				if kind == "click" {
					e.Name = fmt.Sprint("Button ", n%50)
				}
				key := fmt.Sprint(step, e.Type, e.Path, e.Name)
				if groups[key] == nil {
					groups[key] = e
				}
				groups[key].Sessions = binary.BigEndian.AppendUint64(groups[key].Sessions, uint64(1_000_000+n))
			}
		}
		b.Run(fmt.Sprint(steps, " steps"), func(b *testing.B) {
			for b.Loop() {
				c := newCounter(w, steps, w.Until)
				for _, e := range groups {
					c.addEvents(e)
				}
				for n := range sessions {
					c.addSession(&repo.RollupSession{
						ID: int64(1_000_000 + n), VisitorID: int64(n * 7919 % 100_000), StartedAt: startOf(n), Numbers: [8]int64{1, 0, 600, 5000, 1000, 1, 5000, 1},
						Texts: [repo.SessionTexts]string{
							fmt.Sprint("/products/", n%2003), "/", []string{"Google", "mail"}[n%2], "Direct", "", "", "", "", []string{"DE", "FR", "US"}[n%3], "",
							"desktop", "Chrome", []string{"Windows", "iOS"}[n%2],
						},
					})
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
