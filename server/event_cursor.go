package server

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"

	"connectrpc.com/connect/v2"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
)

// liveCursor is what a cursor of WatchLive is of.
const liveCursor = "live"

// cursorDigest is how many bytes of a cursor say what it is of.
const cursorDigest = 8

// eventCursor makes and reads the cursors of one question about a project: places among its events by id (docs/adr/0019).
type eventCursor struct{ digest [cursorDigest]byte }

// eventCursorOf is of the project and the question.
func eventCursorOf(projectID int64, question string) eventCursor {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(question), uint64(projectID)))
	return eventCursor{digest: [cursorDigest]byte(sum[:])}
}

// of is the cursor behind an event.
func (c eventCursor) of(id int64) string {
	return base64.RawURLEncoding.EncodeToString(binary.BigEndian.AppendUint64(c.digest[:], uint64(id)))
}

// read returns the id in a cursor. PAGE_TOKEN_INVALID when it is another question's.
func (c eventCursor) read(cursor string) (int64, error) {
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(raw) != cursorDigest+8 || !bytes.HasPrefix(raw, c.digest[:]) || raw[cursorDigest] > 0x7f {
		return 0, fail(connect.CodeInvalidArgument, microtrackerv1.ErrorReason_ERROR_REASON_PAGE_TOKEN_INVALID,
			"cursor: it belongs to another question; begin again without one")
	}
	return int64(binary.BigEndian.Uint64(raw[cursorDigest:])), nil
}
