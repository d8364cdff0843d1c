package ui_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/microtracker/microtracker/server/ui"
)

// TestScriptsAreCompressedForWhoTakesIt: the tracker stands for all that is built into the binary.
func TestScriptsAreCompressedForWhoTakesIt(t *testing.T) {
	t.Parallel()
	handler, err := ui.Handler(ui.Options{})
	if err != nil {
		t.Fatal(err)
	}
	get := func(header, value string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/t.js", nil)
		r.Header.Set(header, value)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w
	}
	plain, packed := get("Accept-Encoding", "identity"), get("Accept-Encoding", "gzip")
	if plain.Code != http.StatusOK || plain.Header().Get("Content-Encoding") != "" {
		t.Fatalf("%d, %v: build first (make build)", plain.Code, plain.Header())
	}
	if packed.Header().Get("Content-Encoding") != "gzip" || packed.Header().Get("Vary") != "Accept-Encoding" || packed.Body.Len()*3 > plain.Body.Len()*2 {
		t.Errorf("%d bytes of %d, %v", packed.Body.Len(), plain.Body.Len(), packed.Header())
	}
	reader, err := gzip.NewReader(packed.Body)
	if err != nil {
		t.Fatal(err)
	}
	unpacked, err := io.ReadAll(reader)
	if err != nil || !bytes.Equal(unpacked, plain.Body.Bytes()) {
		t.Errorf("what was compressed is not what is served plainly: %v", err)
	}
	if again := get("If-None-Match", packed.Header().Get("Etag")); again.Code != http.StatusNotModified {
		t.Errorf("asked with its tag: %d, want not modified", again.Code)
	}
}
