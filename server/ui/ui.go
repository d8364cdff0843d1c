// Package ui serves what is built into the binary: the dashboard, the tracker and the demo shop.
package ui

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/gzhttp"

	"github.com/microtracker/microtracker/server/ui/demo"
)

// dist is what `make build` puts there: index.html, assets/, t.js.
//
//go:embed all:dist
var dist embed.FS

// contentSecurityPolicy lets the dashboard load from its own origin and nothing else.
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
	"connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// Options say what is served beside the dashboard and the tracker.
type Options struct {
	// DemoKey returns the public key of the project that counts the demo shop's visitors. Nil: there is no demo.
	DemoKey func(ctx context.Context) (string, error)
}

// Handler serves everything that is no RPC. An unknown path without an extension gets the dashboard, which has its own
// addresses.
func Handler(opts Options) (http.Handler, error) {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		return nil, fmt.Errorf("open the built files: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /t.js", tracker(files))
	mux.Handle("GET /assets/", assets(files))
	mux.Handle("/", dashboard(files))
	if opts.DemoKey != nil {
		shop := demo.Handler(opts.DemoKey)
		mux.Handle("/demo/", shop)
		mux.Handle("/demo", http.RedirectHandler("/demo/", http.StatusMovedPermanently))
	}
	return securityHeaders(compressed(mux)), nil
}

// compressed compresses what is worth it for browsers that take it: scripts are a third then. No answer has a secret in it.
func compressed(next http.Handler) http.Handler { return gzhttp.GzipHandler(next) }

func securityHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
		h.Set("Content-Security-Policy", contentSecurityPolicy)
		h.Set("X-Frame-Options", "DENY")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}

// tracker serves the script to pages of every origin; a changed one arrives within the hour.
func tracker(files fs.FS) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=3600")
		w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
		serveFile(w, r, files, "t.js")
	})
}

// assets serves the files whose names carry their hash, as the build compressed them to whoever takes that.
func assets(files fs.FS) http.Handler {
	plain := http.FileServerFS(files)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, "/")
		if strings.HasSuffix(name, "/") {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		packed, err := files.Open(name + ".gz")
		if err != nil {
			plain.ServeHTTP(w, r)
			return
		}
		defer packed.Close() //nolint:errcheck // it was only read
		w.Header().Set("Vary", "Accept-Encoding")
		content, ok := packed.(io.ReadSeeker)
		if !ok || !takesGzip(r) {
			plain.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Encoding", "gzip")
		http.ServeContent(w, r, name, time.Time{}, content)
	})
}

// takesGzip says whether the client reads answers that are compressed so.
func takesGzip(r *http.Request) bool {
	for coding := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, weighted := strings.Cut(coding, ";")
		if strings.TrimSpace(name) != "gzip" {
			continue
		}
		value, err := strconv.ParseFloat(strings.TrimPrefix(strings.TrimSpace(weight), "q="), 64)
		return !weighted || err == nil && value > 0
	}
	return false
}

func dashboard(files fs.FS) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
		w.Header().Set("Cache-Control", "no-cache")
		switch {
		case r.Method != http.MethodGet && r.Method != http.MethodHead, strings.HasPrefix(name, "."):
			// To clients of the API, 404 says that there is no such RPC.
			http.NotFound(w, r)
		case path.Ext(name) != "" && name != "index.html":
			serveFile(w, r, files, name)
		default:
			serveFile(w, r, files, "index.html")
		}
	})
}

// serveFile serves one embedded file with a tag of its content, since embedded files have no time.
func serveFile(w http.ResponseWriter, r *http.Request, files fs.FS, name string) {
	content, err := fs.ReadFile(files, name)
	if err != nil {
		if name == "index.html" || name == "t.js" {
			w.Header().Del("Cache-Control")
			http.Error(w, name+" is not built into this binary: build with `make build`", http.StatusNotFound)
			return
		}
		http.NotFound(w, r)
		return
	}
	sum := sha256.Sum256(content)
	w.Header().Set("Etag", `W/"`+hex.EncodeToString(sum[:8])+`"`) // weak: it may be compressed or not
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
}
