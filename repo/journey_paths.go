package repo

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"
)

// PathsQuery asks which pages sessions went on to, or came from (docs/metrics.md).
type PathsQuery struct {
	Journey
	// Previous follows the pages backwards.
	Previous bool
	// Path is where to set out from; empty: from the first page of each session, with Previous from the last one.
	Path string
	// Depth is how many steps to follow, MaxNodes the most pages of one step without the rest.
	Depth, MaxNodes int
}

// Paths is the flow: nodes by step, then by sessions, and links in the order of the nodes.
type Paths struct {
	Nodes []PathNode
	Links []PathLink
}

// PathNode is a page at one step, or all those of the step that have no node of their own.
type PathNode struct {
	Step     int
	Path     string
	Other    bool
	Sessions int64
	// Ended are the sessions of which it was the last page, with Previous the first one.
	Ended int64
}

// PathLink is how many sessions went from one node to another: indices.
type PathLink struct {
	From, To int
	Sessions int64
}

// Paths answers with the flow of pages. report.ErrUnsupported when it has no defined answer or is about too much,
// context.DeadlineExceeded when it takes too long.
func (p *Project) Paths(ctx context.Context, q PathsQuery) (*Paths, error) {
	statement, err := q.compile(p.ID)
	if err != nil {
		return nil, classify("compile paths", err)
	}
	paths := new(Paths)
	err = p.inJourney(ctx, "answer paths", func(ctx context.Context, tx bun.Tx) error {
		return q.read(ctx, tx, statement, paths)
	})
	return paths, err
}

// compile writes one statement. Its rows are the links, by step: from a page to a page or to nowhere; and one row that says
// how many page views were looked at. Pages without a node of their own are null.
func (q PathsQuery) compile(projectID int64) (*statement, error) {
	s := new(statement)
	s.add("WITH views AS MATERIALIZED (SELECT e.session_id, e.path, e.created_at, e.event_id")
	if err := q.addEvents(s, projectID, q.Until, false); err != nil {
		return nil, err
	}
	// A session that began before the range has no first page in it.
	s.add(" AND s.started_at >= ? AND e.event_type = 'page_view' AND e.path <> ''", q.Since)
	if q.Path != "" {
		s.add(` AND e.session_id IN (SELECT i.session_id FROM events AS i
			WHERE i.project_id = ? AND i.created_at >= ? AND i.created_at < ? AND i.event_type = 'page_view' AND i.path = ?)`,
			projectID, q.Since, q.Until, q.Path)
	}
	s.add(" LIMIT ?)", MostJourneyRows+1)
	// The same page again is no step. One step more than asked for tells who ended at the last one.
	s.add(`,
	turns AS (SELECT session_id, path, row_number() OVER (PARTITION BY session_id ORDER BY created_at, event_id) AS place
		FROM (SELECT *, lag(path) OVER (PARTITION BY session_id ORDER BY created_at, event_id) AS before FROM views) AS v
		WHERE path IS DISTINCT FROM before),
	walks AS (SELECT session_id, path, `)
	step := "place - start"
	if q.Previous {
		step = "start - place"
	}
	s.add(step + " AS step FROM (SELECT *, ")
	switch {
	case q.Path != "":
		s.add("min(place) FILTER (WHERE path = ?) OVER w", q.Path)
	case q.Previous:
		s.add("max(place) OVER w")
	default:
		s.add("min(place) OVER w")
	}
	s.add(" AS start FROM turns WINDOW w AS (PARTITION BY session_id)) AS t WHERE "+step+" BETWEEN 0 AND ?)", q.Depth+1)
	s.add(`,
	tops AS (SELECT step, path FROM (
			SELECT step, path, row_number() OVER (PARTITION BY step ORDER BY count(*) DESC, path COLLATE "C") AS rank FROM walks
			WHERE step <= ? GROUP BY step, path
		) AS r WHERE rank <= ?),
	named AS (SELECT w.session_id, w.step, t.path FROM walks AS w LEFT JOIN tops AS t ON t.step = w.step AND t.path = w.path),
	moves AS (SELECT step, path,
			lead(step) OVER w IS NOT NULL AS goes_on, lead(path) OVER w AS next
		FROM named WINDOW w AS (PARTITION BY session_id ORDER BY step))
	SELECT step, path, goes_on, next, count(*), sum(count(*)) OVER (PARTITION BY step, path) AS of_node, (SELECT count(*) FROM views)
	FROM moves WHERE step <= ? GROUP BY step, path, goes_on, next
	ORDER BY step, path IS NULL, of_node DESC, path COLLATE "C", goes_on DESC, count(*) DESC, next COLLATE "C"`, q.Depth, q.MaxNodes, q.Depth)
	return s, nil
}

// read puts nodes and links together. The rows are in the order of the nodes that they set out from.
func (q PathsQuery) read(ctx context.Context, tx bun.Tx, s *statement, paths *Paths) error {
	rows, err := tx.QueryContext(ctx, s.text.String(), s.args...)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells what matters
	type key struct {
		step  int
		path  string
		other bool
	}
	type link struct {
		from     int
		to       key
		sessions int64
	}
	places := map[key]int{}
	var links []link
	for rows.Next() {
		var step int
		var path, next *string
		var goesOn bool
		var sessions, ofNode, looked int64
		if err := rows.Scan(&step, &path, &goesOn, &next, &sessions, &ofNode, &looked); err != nil {
			return err
		}
		if looked > MostJourneyRows {
			return refuseJourney("page views")
		}
		keyOf := func(step int, path *string) key {
			if path == nil {
				return key{step: step, other: true}
			}
			return key{step: step, path: *path}
		}
		at := keyOf(step, path)
		from, ok := places[at]
		if !ok {
			from = len(paths.Nodes)
			places[at] = from
			paths.Nodes = append(paths.Nodes, PathNode{Step: step, Path: at.path, Other: at.other, Sessions: ofNode})
		}
		switch {
		case !goesOn:
			paths.Nodes[from].Ended = sessions
		case step < q.Depth:
			links = append(links, link{from, keyOf(step+1, next), sessions})
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, l := range links {
		to, ok := places[l.to]
		if !ok {
			return fmt.Errorf("a link leads to step %d, where there is no such node", l.to.step)
		}
		paths.Links = append(paths.Links, PathLink{From: l.from, To: to, Sessions: l.sessions})
	}
	return nil
}
