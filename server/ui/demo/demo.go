// Package demo is a small shop to look at the tracker with: whoever opens a page of it shows up in the dashboard.
package demo

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"strings"
)

// Prefix is where the shop lives on the server.
const Prefix = "/demo/"

// The same origin serves the tracker and takes its events, so nothing else is ever needed.
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; " +
	"img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

//go:embed layout.html pages static
var files embed.FS

type shop struct {
	projectKey func(ctx context.Context) (string, error)
	// pages holds the templates by path under Prefix: "" is the catalogue, "product/lamp" a product.
	pages    map[string]*template.Template
	notFound *template.Template
	// static holds the paths of the pictures and the style sheet by their names: what is not listed is not served.
	static map[string]string
}

// Handler serves the shop under Prefix. projectKey is asked on every page for the public key of the project to count for;
// an empty key means that there is none yet, and the page is shown without the tracker. What it fails with is its own to log:
// the visitor is only told that the shop is closed.
func Handler(projectKey func(ctx context.Context) (string, error)) http.Handler {
	pages := parsePages()
	notFound := pages["404"]
	delete(pages, "404")
	s := &shop{
		projectKey: projectKey,
		pages:      pages,
		notFound:   notFound,
		static:     listStatic(),
	}
	mux := http.NewServeMux()
	mux.Handle("GET "+strings.TrimSuffix(Prefix, "/"), http.RedirectHandler(Prefix, http.StatusMovedPermanently))
	mux.HandleFunc("GET "+Prefix, s.servePage)
	mux.HandleFunc("GET "+Prefix+"static/{file}", s.serveStatic)
	mux.HandleFunc("POST "+Prefix+"checkout", s.placeOrder)
	return secured(mux)
}

// parsePages panics on a broken template: they are part of the binary, so that a test sees it and no visitor does.
func parsePages() map[string]*template.Template {
	layout := template.Must(template.ParseFS(files, "layout.html"))
	pages := map[string]*template.Template{}
	err := fs.WalkDir(files, "pages", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		page, err := template.Must(layout.Clone()).ParseFS(files, name)
		if err != nil {
			return fmt.Errorf("parse %s: %w", name, err)
		}
		address := strings.TrimSuffix(strings.TrimPrefix(name, "pages/"), ".html")
		if address == "index" {
			address = ""
		}
		pages[address] = page
		return nil
	})
	if err != nil {
		panic(err)
	}
	return pages
}

func listStatic() map[string]string {
	entries, err := files.ReadDir("static")
	if err != nil {
		panic(err) // Embedded, so it is there.
	}
	static := make(map[string]string, len(entries))
	for _, entry := range entries {
		static[entry.Name()] = "static/" + entry.Name()
	}
	return static
}

func (s *shop) servePage(w http.ResponseWriter, r *http.Request) {
	page, found := s.pages[strings.TrimPrefix(r.URL.Path, Prefix)]
	if !found {
		s.render(w, r, s.notFound, http.StatusNotFound)
		return
	}
	s.render(w, r, page, http.StatusOK)
}

func (s *shop) serveStatic(w http.ResponseWriter, r *http.Request) {
	file, found := s.static[r.PathValue("file")]
	if !found {
		s.render(w, r, s.notFound, http.StatusNotFound)
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=300")
	http.ServeFileFS(w, r, files, file)
}

// placeOrder forgets the form unread and thanks. A redirect, so that what was typed never gets into an address.
func (s *shop) placeOrder(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, Prefix+"thank-you", http.StatusSeeOther)
}

func (s *shop) render(w http.ResponseWriter, r *http.Request, page *template.Template, status int) {
	key, err := s.projectKey(r.Context())
	if err != nil {
		http.Error(w, "The demo shop is closed for a moment. Please try again.", http.StatusServiceUnavailable)
		return
	}
	var body bytes.Buffer
	if err := page.ExecuteTemplate(&body, "layout", struct{ ProjectKey string }{key}); err != nil {
		// Cannot happen to a page that the tests have seen.
		http.Error(w, "This page of the demo shop is broken.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	// Not no-store: that would keep the pages out of the browsers' back/forward cache, which is worth seeing at work.
	w.Header().Set("Cache-Control", "no-cache")
	w.WriteHeader(status)
	_, _ = body.WriteTo(w) // Fails when the visitor has left: nobody to tell.
}

func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", contentSecurityPolicy)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}
