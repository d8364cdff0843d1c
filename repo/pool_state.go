package repo

import "time"

// PoolState is how the connections of a pool are used. Waits and Waited add up since the pool was made.
type PoolState struct {
	// Name is "main" or "ingest".
	Name string
	Max  int
	Open int
	// InUse are those at work; the other open ones are idle.
	InUse int
	// Waits is how often somebody had to wait for a connection, Waited how long altogether.
	Waits  int64
	Waited time.Duration
}

// Pools returns the state of the pools: the one for everything, and the one that events are stored through.
func (s *Store) Pools() []PoolState {
	stats := s.db.Stats()
	main := PoolState{
		Name: "main", Max: stats.MaxOpenConnections, Open: stats.OpenConnections, InUse: stats.InUse,
		Waits: stats.WaitCount, Waited: stats.WaitDuration,
	}
	pool, _ := s.ingestPool()
	stat := pool.Stat()
	ingest := PoolState{
		Name: "ingest", Max: int(stat.MaxConns()), Open: int(stat.TotalConns()), InUse: int(stat.AcquiredConns()),
		Waits: stat.EmptyAcquireCount(), Waited: stat.EmptyAcquireWaitTime(),
	}
	return []PoolState{main, ingest}
}
