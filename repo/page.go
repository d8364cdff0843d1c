package repo

// Page asks for a part of a list: at most Limit rows, after the row whose key is After (zero: from the start).
type Page[K any] struct {
	After K
	Limit int
}
