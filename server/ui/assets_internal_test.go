package ui

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/fstest"
)

func TestAssetsAreSentAsTheBuildCompressedThem(t *testing.T) {
	t.Parallel()
	handler := compressed(assets(fstest.MapFS{
		"assets/app.js":    {Data: []byte("plain")},
		"assets/app.js.gz": {Data: []byte("packed")},
		"assets/dot.svg":   {Data: []byte("<svg/>")},
	}))
	for _, c := range []struct {
		path, accept   string
		status         int
		body, encoding string
	}{
		{"/assets/app.js", "gzip, deflate, br, zstd", http.StatusOK, "packed", "gzip"},
		{"/assets/app.js", "br, gzip;q=0.5", http.StatusOK, "packed", "gzip"},
		{"/assets/app.js", "gzip;q=0, br", http.StatusOK, "plain", ""},
		{"/assets/app.js", "", http.StatusOK, "plain", ""},
		{"/assets/dot.svg", "gzip", http.StatusOK, "<svg/>", ""},
		{"/assets/none.js", "gzip", http.StatusNotFound, "404 page not found\n", ""},
		{"/assets/", "gzip", http.StatusNotFound, "404 page not found\n", ""},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, c.path, nil)
		r.Header.Set("Accept-Encoding", c.accept)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != c.status || w.Body.String() != c.body || w.Header().Get("Content-Encoding") != c.encoding {
			t.Errorf("%s by %q: %d, %q, encoded as %q", c.path, c.accept, w.Code, w.Body, w.Header().Get("Content-Encoding"))
		}
		if c.path == "/assets/app.js" {
			if kind := w.Header().Get("Content-Type"); kind != "text/javascript; charset=utf-8" || w.Header().Get("Vary") != "Accept-Encoding" {
				t.Errorf("%s by %q: %v", c.path, c.accept, w.Header())
			}
		}
	}
}
