package server

import (
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/proto"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/repo"
)

// defaultPageSize is what page_size 0 means in lists.
const defaultPageSize = 50

// paged is a request for a part of a list.
type paged interface {
	proto.Message
	GetPageSize() int32
	GetPageToken() string
}

// pageSize returns how many rows to send.
func pageSize(req paged, whenZero int) int {
	if req.GetPageSize() > 0 {
		return int(req.GetPageSize())
	}
	return whenZero
}

// cutPage takes the row beyond the page off, which was read to see whether there is one, and returns the page with the token
// of the next: empty on the last. keyOf is where a page ends, as the list's next page is to begin behind it.
func cutPage[Row any](req paged, rows []Row, keyOf func(row *Row) string) (page []Row, next string) {
	limit := pageSize(req, defaultPageSize)
	if len(rows) <= limit {
		return rows, ""
	}
	return rows[:limit], nextPageToken(req, keyOf(&rows[limit-1]))
}

// afterPage returns the page to read: behind what the token names, and a row more than is asked for.
func afterPage[Key any](req paged, read func(key string) Key) (repo.Page[Key], error) {
	after, err := afterPageToken(req)
	if err != nil {
		return repo.Page[Key]{}, err
	}
	return repo.Page[Key]{After: read(after), Limit: pageSize(req, defaultPageSize) + 1}, nil
}

// idText and idFromText are page keys that are ids.
func idText(id int64) string { return strconv.FormatInt(id, 10) }

func idFromText(text string) int64 {
	id, _ := strconv.ParseInt(text, 10, 64) // made by us, or empty
	return id
}

// nextPageToken makes the token for the page after the row with this key. It is bound to the list and its arguments.
func nextPageToken(req paged, after string) string {
	return base64.RawURLEncoding.EncodeToString(append(listDigest(req), after...))
}

// afterPageToken returns the key of the last row seen, empty on the first page.
func afterPageToken(req paged) (string, error) {
	if req.GetPageToken() == "" {
		return "", nil
	}
	token, err := base64.RawURLEncoding.DecodeString(req.GetPageToken())
	digest := listDigest(req)
	if err != nil || !strings.HasPrefix(string(token), string(digest)) {
		return "", fail(connect.CodeInvalidArgument, microtrackerv1.ErrorReason_ERROR_REASON_PAGE_TOKEN_INVALID,
			"page_token: it belongs to another list or other arguments; begin again without one")
	}
	return string(token[len(digest):]), nil
}

// listDigest identifies the list and its arguments, whatever the page.
func listDigest(req paged) []byte {
	arguments := proto.Clone(req)
	fields := arguments.ProtoReflect().Descriptor().Fields()
	arguments.ProtoReflect().Clear(fields.ByName("page_size"))
	arguments.ProtoReflect().Clear(fields.ByName("page_token"))
	// A message that was received marshals.
	encoded, _ := proto.MarshalOptions{Deterministic: true}.Marshal(arguments)
	sum := sha256.Sum256(append([]byte(arguments.ProtoReflect().Descriptor().FullName()), encoded...))
	return sum[:8]
}
