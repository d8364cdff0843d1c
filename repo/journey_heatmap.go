package repo

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/microtracker/microtracker/repo/report"
)

// Bounds of a heatmap, for each class of viewports.
const (
	mostBins      = 2000
	mostSelectors = 20
)

// HeatmapQuery asks where a page was clicked, and how far down it was read (docs/metrics.md).
type HeatmapQuery struct {
	Journey
	Path string
}

// Heatmap is the answer.
type Heatmap struct {
	// Classes are from the narrowest viewport to the widest, the unknown last.
	Classes []HeatmapClass
	Scroll  ScrollDepths
}

// HeatmapClass is the clicks of visitors with viewports of one class; empty: it is not known.
type HeatmapClass struct {
	Viewport string
	Clicks   int64
	// Bins and Selectors are those with the most clicks, the first ones first.
	Bins      []HeatmapBin
	Selectors []HeatmapSelector
}

// HeatmapBin is 1 % of the viewport's width by 20 CSS pixels, counted from the top left.
type HeatmapBin struct {
	X, Y   int32
	Clicks int64
}

// HeatmapSelector is an element.
type HeatmapSelector struct {
	Selector string
	Clicks   int64
}

// ScrollDepths is how far down the page views of a path got.
type ScrollDepths struct {
	// Views are all, Measured those whose depth is known.
	Views, Measured int64
	// Reached are those that got to 0, 5, … 100 per cent.
	Reached [21]int64
}

// Heatmap answers with the clicks on a page and the depths of its views. report.ErrUnsupported when it has no defined answer
// or is about too much, context.DeadlineExceeded when it takes too long.
func (p *Project) Heatmap(ctx context.Context, q HeatmapQuery) (*Heatmap, error) {
	clicks, err := q.compileClicks(p.ID)
	if err != nil {
		return nil, classify("compile a heatmap", err)
	}
	depths, err := q.compileDepths(p.ID)
	if err != nil {
		return nil, classify("compile a heatmap", err)
	}
	heatmap := new(Heatmap)
	err = p.inJourney(ctx, "answer a heatmap", func(ctx context.Context, tx bun.Tx) error {
		if err := q.readClicks(ctx, tx, clicks, heatmap); err != nil {
			return err
		}
		return q.readDepths(ctx, tx, depths, &heatmap.Scroll)
	})
	return heatmap, err
}

// compileClicks writes one statement: for each class a row with its clicks, then its bins, then its selectors.
func (q HeatmapQuery) compileClicks(projectID int64) (*statement, error) {
	class, err := report.SessionValue(report.Viewport, q.Bots)
	if err != nil {
		return nil, err
	}
	s := new(statement)
	// The visitor's latest viewport stands for that of the click.
	s.add("WITH clicks AS MATERIALIZED (SELECT " + class.SQL + ` AS class, coalesce(v.viewport_w, 0) AS width, coalesce(e.selector, '') AS selector,
		CASE WHEN v.viewport_w > 0 AND e.x >= 0 AND e.y >= 0 THEN least(e.x::bigint * 100 / v.viewport_w, 99)::int END AS x, e.y / 20 AS y`)
	if err := q.addEvents(s, projectID, q.Until, true); err != nil {
		return nil, err
	}
	s.add(` AND e.path = ? AND (e.event_type IN ('click', 'outbound_click', 'file_download') OR e.event_type = 'custom' AND e.selector <> '') LIMIT ?)`,
		q.Path, MostJourneyRows+1)
	s.add(`,
	classes AS (SELECT class, count(*) AS n, row_number() OVER (ORDER BY class = '', min(width)) AS place FROM clicks GROUP BY class),
	bins AS (SELECT class, x, y, count(*) AS n, row_number() OVER (PARTITION BY class ORDER BY count(*) DESC, y, x) AS rank
		FROM clicks WHERE x IS NOT NULL GROUP BY class, x, y),
	selectors AS (SELECT class, selector, count(*) AS n, row_number() OVER (PARTITION BY class ORDER BY count(*) DESC, selector COLLATE "C") AS rank
		FROM clicks WHERE selector <> '' GROUP BY class, selector)
	SELECT c.class, f.part, f.x, f.y, f.selector, f.n FROM classes AS c JOIN (
		SELECT class, 0 AS part, 0::bigint AS rank, 0 AS x, 0 AS y, '' AS selector, n FROM classes
		UNION ALL
		SELECT class, 1, rank, x, y, '', n FROM bins WHERE rank <= ?
		UNION ALL
		SELECT class, 2, rank, 0, 0, selector, n FROM selectors WHERE rank <= ?
	) AS f ON f.class = c.class ORDER BY c.place, f.part, f.rank`, mostBins, mostSelectors)
	return s, nil
}

func (q HeatmapQuery) readClicks(ctx context.Context, tx bun.Tx, s *statement, heatmap *Heatmap) error {
	rows, err := tx.QueryContext(ctx, s.text.String(), s.args...)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells what matters
	var looked int64
	for rows.Next() {
		var class, selector string
		var part int
		var bin HeatmapBin
		if err := rows.Scan(&class, &part, &bin.X, &bin.Y, &selector, &bin.Clicks); err != nil {
			return err
		}
		if part == 0 {
			heatmap.Classes = append(heatmap.Classes, HeatmapClass{Viewport: class, Clicks: bin.Clicks})
			if looked += bin.Clicks; looked > MostJourneyRows {
				return refuseJourney("clicks")
			}
			continue
		}
		of := &heatmap.Classes[len(heatmap.Classes)-1]
		if part == 1 {
			of.Bins = append(of.Bins, bin)
		} else {
			of.Selectors = append(of.Selectors, HeatmapSelector{selector, bin.Clicks})
		}
	}
	return rows.Err()
}

// compileDepths writes one statement: how many page views were measured to the same depth, in steps of 5 per cent; null: not
// measured.
func (q HeatmapQuery) compileDepths(projectID int64) (*statement, error) {
	s := new(statement)
	s.add("WITH views AS MATERIALIZED (SELECT e.session_id, e.event_id, e.scroll_pct")
	if err := q.addEvents(s, projectID, q.Until, false); err != nil {
		return nil, err
	}
	s.add(" AND e.event_type = 'page_view' AND e.path = ? LIMIT ?)", q.Path, MostJourneyRows+1)
	// A page may be left after the range; a day later nobody looks at it any more.
	s.add(`,
	exits AS (SELECT e.session_id, e.page_view_id, max(e.scroll_pct) AS scroll_pct FROM events AS e
		WHERE e.project_id = ? AND e.created_at >= ? AND e.created_at < ?::timestamptz + interval '1 day' AND e.event_type = 'exit'
			AND e.page_view_id IN (SELECT event_id FROM views)
		GROUP BY e.session_id, e.page_view_id)
	SELECT floor(greatest(v.scroll_pct, x.scroll_pct) / 5)::int, count(*)
	FROM views AS v LEFT JOIN exits AS x ON x.session_id = v.session_id AND x.page_view_id = v.event_id GROUP BY 1`,
		projectID, q.Since, q.Until)
	return s, nil
}

func (q HeatmapQuery) readDepths(ctx context.Context, tx bun.Tx, s *statement, scroll *ScrollDepths) error {
	rows, err := tx.QueryContext(ctx, s.text.String(), s.args...)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells what matters
	for rows.Next() {
		var step *int
		var views int64
		if err := rows.Scan(&step, &views); err != nil {
			return err
		}
		if scroll.Views += views; scroll.Views > MostJourneyRows {
			return refuseJourney("page views")
		}
		if step == nil {
			continue
		}
		scroll.Measured += views
		for i := range min(*step, len(scroll.Reached)-1) + 1 {
			scroll.Reached[i] += views
		}
	}
	return rows.Err()
}
