package demo

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

const testKey = "mt_pub_test"

func get(t *testing.T, target string) *httptest.ResponseRecorder {
	t.Helper()
	return serve(t, httptest.NewRequest(http.MethodGet, target, nil))
}

func serve(t *testing.T, r *http.Request) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	Handler(func(context.Context) (string, error) { return testKey, nil }).ServeHTTP(w, r)
	return w
}

func TestEveryPageCarriesTheTrackerAndNothingInline(t *testing.T) {
	t.Parallel()
	inline := regexp.MustCompile(`<style|\sstyle=|\son[a-z]+=|<script(?:\s[^>]*)?>[^<]|javascript:`)
	for address := range parsePages() {
		w := get(t, Prefix+address)
		body := w.Body.String()
		if !strings.Contains(body, `<script defer src="/t.js" data-project="mt_pub_test"></script>`) {
			t.Errorf("%q has no script tag", address)
		}
		if found := inline.FindString(body); found != "" {
			t.Errorf("%q holds %q, which its own policy forbids", address, found)
		}
		if policy := w.Header().Get("Content-Security-Policy"); policy != contentSecurityPolicy || strings.Contains(policy, "unsafe") {
			t.Errorf("%q has the policy %q", address, policy)
		}
		if strings.Contains(w.Header().Get("Cache-Control"), "no-store") {
			t.Errorf("%q is kept out of the back/forward cache", address)
		}
	}
}

func TestEveryLinkLeadsSomewhere(t *testing.T) {
	t.Parallel()
	link := regexp.MustCompile(`(?:href|src|action)="([^"#]+)"`)
	checked := 0
	for address := range parsePages() {
		for _, match := range link.FindAllStringSubmatch(get(t, Prefix+address).Body.String(), -1) {
			target, err := url.Parse(strings.ReplaceAll(match[1], "&amp;", "&"))
			if err != nil {
				t.Errorf("%q links to %q: %v", address, match[1], err)
				continue
			}
			if target.Path == "/" || target.Path == "/t.js" {
				continue
			}
			checked++
			if w := get(t, target.String()); w.Code != http.StatusOK {
				t.Errorf("%q links to %s, which answers %d", address, target, w.Code)
			}
		}
	}
	if checked == 0 {
		t.Fatal("no links found: the test has lost its subject")
	}
}

func TestAnUnknownAddressIsAPageOfItsOwnWithStatus404(t *testing.T) {
	t.Parallel()
	for _, target := range []string{
		"/demo/nothing", "/demo/product/", "/demo/product/boat", "/demo/cart/", "/demo/404", "/demo/index", "/demo/layout.html",
		"/demo/static/", "/demo/static/none.svg", "/demo/static/..%2flayout.html", "/demo/pages/cart.html",
	} {
		w := get(t, target)
		if w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "There is nothing here") {
			t.Errorf("%s answers %d", target, w.Code)
		}
	}
}

func TestTheAddressWithoutASlashLeadsToTheShop(t *testing.T) {
	t.Parallel()
	w := get(t, "/demo")
	if w.Code != http.StatusMovedPermanently || w.Header().Get("Location") != Prefix {
		t.Errorf("answered %d to %q", w.Code, w.Header().Get("Location"))
	}
}

func TestAnOrderLeadsToThanksWithoutWhatWasTyped(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest(http.MethodPost, "/demo/checkout", strings.NewReader("name=Somebody&email=somebody%40example.com"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := serve(t, r)
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/demo/thank-you" {
		t.Errorf("answered %d to %q", w.Code, w.Header().Get("Location"))
	}
}

func TestOtherMethodsAreRefused(t *testing.T) {
	t.Parallel()
	for _, target := range []string{"/demo/", "/demo/cart", "/demo/static/style.css"} {
		if w := serve(t, httptest.NewRequest(http.MethodPost, target, nil)); w.Code != http.StatusMethodNotAllowed {
			t.Errorf("POST %s answers %d", target, w.Code)
		}
	}
}

func TestStaticFilesHaveTheirTypes(t *testing.T) {
	t.Parallel()
	entries, err := fs.ReadDir(files, "static")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		want := "image/svg+xml"
		if strings.HasSuffix(entry.Name(), ".css") {
			want = "text/css; charset=utf-8"
		}
		w := get(t, Prefix+"static/"+entry.Name())
		if got := w.Header().Get("Content-Type"); w.Code != http.StatusOK || got != want {
			t.Errorf("%s answers %d with type %q", entry.Name(), w.Code, got)
		}
	}
}

func TestWithoutAProjectThePageIsShownUntracked(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	Handler(func(context.Context) (string, error) { return "", nil }).ServeHTTP(w, httptest.NewRequest(http.MethodGet, Prefix, nil))
	if body := w.Body.String(); w.Code != http.StatusOK || strings.Contains(body, "<script") || !strings.Contains(body, "create a project") {
		t.Errorf("answered %d: %s", w.Code, body)
	}
}

func TestAnErrorIsNotShown(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	Handler(func(context.Context) (string, error) { return "", errors.New("the secret reason") }).
		ServeHTTP(w, httptest.NewRequest(http.MethodGet, Prefix, nil))
	if w.Code != http.StatusServiceUnavailable || strings.Contains(w.Body.String(), "secret") {
		t.Errorf("answered %d: %s", w.Code, w.Body.String())
	}
}

func TestTheKeyIsEscaped(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	Handler(func(context.Context) (string, error) { return `"><b>`, nil }).ServeHTTP(w, httptest.NewRequest(http.MethodGet, Prefix, nil))
	if strings.Contains(w.Body.String(), "<b>") {
		t.Error("the key got into the page as markup")
	}
}
