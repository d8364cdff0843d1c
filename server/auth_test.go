package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/types/known/timestamppb"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/gen/microtracker/v1/microtrackerv1connect"
)

const goodPassword = "correct horse battery"

// register opens an account and returns the value of its session cookie.
func (w *world) register(t *testing.T, email string) *http.Cookie {
	t.Helper()
	auth := microtrackerv1connect.NewAuthServiceClient(w.client(t, protocols()[0], nil))
	ctx, info := connect.NewClientContext(t.Context())
	if _, err := auth.Register(ctx, &microtrackerv1.RegisterRequest{Name: "Ada", Email: email, Password: goodPassword}); err != nil {
		t.Fatal(err)
	}
	cookie, err := http.ParseSetCookie(info.ResponseHeader().Get("Set-Cookie"))
	if err != nil {
		t.Fatal(err)
	}
	return cookie
}

func (w *world) withCookie(t *testing.T, cookie *http.Cookie) microtrackerv1connect.AuthServiceClient {
	t.Helper()
	return microtrackerv1connect.NewAuthServiceClient(w.client(t, protocols()[0], map[string]string{"Cookie": cookie.Name + "=" + cookie.Value}))
}

func TestASessionOpensAndCloses(t *testing.T) {
	t.Parallel()
	w := start(t)
	cookie := w.register(t, "Ada@Example.com")
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.Path != "/" || cookie.Name != "mt_session" {
		t.Errorf("cookie = %v", cookie)
	}
	auth := w.withCookie(t, cookie)
	me, err := auth.GetCurrentUser(t.Context(), &microtrackerv1.GetCurrentUserRequest{})
	if err != nil || me.GetUser().GetEmail() != "ada@example.com" {
		t.Fatalf("me = %v, %v", me, err)
	}
	ctx, info := connect.NewClientContext(t.Context())
	again, err := auth.Login(ctx, &microtrackerv1.LoginRequest{Email: "ADA@example.com ", Password: goodPassword})
	if err != nil || again.GetUser().GetId() != me.GetUser().GetId() {
		t.Fatalf("login = %v, %v", again, err)
	}
	if strings.Contains(info.ResponseHeader().Get("Set-Cookie"), cookie.Value) {
		t.Error("a login kept the old session id")
	}
	if _, err := auth.Logout(t.Context(), &microtrackerv1.LogoutRequest{}); err != nil {
		t.Fatal(err)
	}
	if _, err := auth.GetCurrentUser(t.Context(), &microtrackerv1.GetCurrentUserRequest{}); connect.CodeOf(err) != connect.CodeUnauthenticated {
		t.Errorf("after logout: %v, want unauthenticated", err)
	}
}

func TestALoginDoesNotTellWhetherTheAccountExists(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.register(t, "known@example.com")
	auth := microtrackerv1connect.NewAuthServiceClient(w.client(t, protocols()[0], nil))
	_, known := auth.Login(t.Context(), &microtrackerv1.LoginRequest{Email: "known@example.com", Password: "wrong password"})
	_, unknown := auth.Login(t.Context(), &microtrackerv1.LoginRequest{Email: "unknown@example.com", Password: "wrong password"})
	if connect.CodeOf(known) != connect.CodeUnauthenticated || known.Error() != unknown.Error() || reasonOf(known) != reasonOf(unknown) {
		t.Errorf("known: %v, unknown: %v", known, unknown)
	}
}

func TestAnAddressIsRegisteredOnce(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.register(t, "twice@example.com")
	auth := microtrackerv1connect.NewAuthServiceClient(w.client(t, protocols()[0], nil))
	_, err := auth.Register(t.Context(), &microtrackerv1.RegisterRequest{Name: "B", Email: "TWICE@example.com", Password: goodPassword})
	if connect.CodeOf(err) != connect.CodeAlreadyExists || reasonOf(err) != "ERROR_REASON_EMAIL_TAKEN" {
		t.Errorf("err = %v", err)
	}
}

func TestATokenIsShownOnceAndRevoked(t *testing.T) {
	t.Parallel()
	w := start(t)
	auth := w.withCookie(t, w.register(t, "tokens@example.com"))
	var last *microtrackerv1.CreateTokenResponse
	for _, name := range []string{"a", "b", "c"} {
		made, err := auth.CreateToken(t.Context(), &microtrackerv1.CreateTokenRequest{Name: name, ExpiresAt: timestamppb.New(time.Now().Add(time.Hour))})
		if err != nil {
			t.Fatal(err)
		}
		last = made
	}
	page, err := auth.ListTokens(t.Context(), &microtrackerv1.ListTokensRequest{PageSize: 2})
	if err != nil || len(page.GetTokens()) != 2 || page.GetTokens()[0].GetName() != "c" || page.GetNextPageToken() == "" {
		t.Fatalf("page = %v, %v", page, err)
	}
	rest, err := auth.ListTokens(t.Context(), &microtrackerv1.ListTokensRequest{PageSize: 2, PageToken: page.GetNextPageToken()})
	if err != nil || len(rest.GetTokens()) != 1 || rest.GetTokens()[0].GetName() != "a" || rest.GetNextPageToken() != "" {
		t.Fatalf("rest = %v, %v", rest, err)
	}
	bearer := microtrackerv1connect.NewAuthServiceClient(w.client(t, protocols()[2], map[string]string{"Authorization": "bearer " + last.GetSecret()}))
	if me, err := bearer.GetCurrentUser(t.Context(), &microtrackerv1.GetCurrentUserRequest{}); err != nil || me.GetUser().GetEmail() != "tokens@example.com" {
		t.Fatalf("me = %v, %v", me, err)
	}
	if _, err := auth.RevokeToken(t.Context(), &microtrackerv1.RevokeTokenRequest{TokenId: last.GetToken().GetId()}); err != nil {
		t.Fatal(err)
	}
	if _, err := bearer.GetCurrentUser(t.Context(), &microtrackerv1.GetCurrentUserRequest{}); connect.CodeOf(err) != connect.CodeUnauthenticated {
		t.Errorf("a revoked token: %v, want unauthenticated", err)
	}
}

func TestProjectsAreListedByNameAndShownWithTheirSnippet(t *testing.T) {
	t.Parallel()
	w := start(t)
	cookie := w.register(t, "projects@example.com")
	projects := microtrackerv1connect.NewProjectsServiceClient(w.client(t, protocols()[0], map[string]string{"Cookie": cookie.Name + "=" + cookie.Value}))
	var shop *microtrackerv1.CreateProjectResponse
	for _, name := range []string{"Shop", "Blog"} {
		made, err := projects.CreateProject(t.Context(), &microtrackerv1.CreateProjectRequest{Name: name, TimeZone: "Europe/Berlin", WebsiteUrl: "https://example.com"})
		if err != nil {
			t.Fatal(err)
		}
		if name == "Shop" {
			shop = made
		}
	}
	_, err := projects.CreateProject(t.Context(), &microtrackerv1.CreateProjectRequest{Name: "Shop"})
	if reasonOf(err) != "ERROR_REASON_PROJECT_NAME_TAKEN" {
		t.Errorf("the same name: %v", err)
	}
	for _, bad := range []*microtrackerv1.CreateProjectRequest{
		{Name: "x", TimeZone: "Nowhere"}, {Name: "x", Currency: "XXZ"}, {Name: "x", WebsiteUrl: "ftp://example.com"}, {Name: ""},
	} {
		if _, err := projects.CreateProject(t.Context(), bad); reasonOf(err) != "ERROR_REASON_VALIDATION_FAILED" {
			t.Errorf("%v: %v, want a validation error", bad, err)
		}
	}
	list, err := projects.ListProjects(t.Context(), &microtrackerv1.ListProjectsRequest{})
	if err != nil || len(list.GetProjects()) != 2 || list.GetProjects()[0].GetName() != "Blog" {
		t.Fatalf("list = %v, %v", list, err)
	}
	if !strings.HasPrefix(shop.GetSecretKey(), "mt_sec_") || shop.GetProject().GetCurrency() != "USD" {
		t.Errorf("shop = %v", shop)
	}
	installation, err := projects.GetInstallation(t.Context(), &microtrackerv1.GetInstallationRequest{ProjectId: shop.GetProject().GetId()})
	want := `<script defer src="` + w.url + `/t.js" data-project="` + shop.GetProject().GetPublicKey() + `"></script>`
	if err != nil || installation.GetSnippet() != want || installation.GetLastEventAt() != nil {
		t.Errorf("installation = %v, %v; want the snippet %s", installation, err, want)
	}
}
