package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"golang.org/x/crypto/bcrypt"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/gen/microtracker/v1/microtrackerv1connect"
	"github.com/microtracker/microtracker/repo"
)

func (w *world) anonymous(t *testing.T) microtrackerv1connect.AuthServiceClient {
	t.Helper()
	return microtrackerv1connect.NewAuthServiceClient(w.client(t, protocols()[0], nil))
}

// login signs in and returns the session as a client.
func (w *world) login(t *testing.T, email, password string) (microtrackerv1connect.AuthServiceClient, error) {
	t.Helper()
	ctx, info := connect.NewClientContext(t.Context())
	if _, err := w.anonymous(t).Login(ctx, &microtrackerv1.LoginRequest{Email: email, Password: password}); err != nil {
		return nil, err
	}
	cookie, err := http.ParseSetCookie(info.ResponseHeader().Get("Set-Cookie"))
	if err != nil {
		t.Fatal(err)
	}
	return w.withCookie(t, cookie), nil
}

// tokenIn returns the token of the link in a mail.
func tokenIn(t *testing.T, link, path string) string {
	t.Helper()
	parsed, err := url.Parse(link)
	if err != nil || parsed.Host != "stats.example.com" || parsed.Path != path {
		t.Fatalf("the mail links to %q, want %s of the dashboard: %v", link, path, err)
	}
	return parsed.Query().Get("token")
}

func signedIn(t *testing.T, auth microtrackerv1connect.AuthServiceClient) bool {
	t.Helper()
	_, err := auth.GetCurrentUser(t.Context(), &microtrackerv1.GetCurrentUserRequest{})
	if err != nil && connect.CodeOf(err) != connect.CodeUnauthenticated {
		t.Fatal(err)
	}
	return err == nil
}

func TestAnAddressIsProvenByItsMail(t *testing.T) {
	t.Parallel()
	w := start(t)
	auth := w.withCookie(t, w.register(t, "ada@example.com"))
	token := tokenIn(t, w.nextMail(t).Link, "/verify")
	me, err := auth.GetCurrentUser(t.Context(), &microtrackerv1.GetCurrentUserRequest{})
	if err != nil || me.GetUser().GetEmailVerified() {
		t.Fatalf("before: %v, %v", me, err)
	}
	for _, want := range []string{"", "ERROR_REASON_LINK_INVALID"} {
		if _, err := w.anonymous(t).VerifyEmail(t.Context(), &microtrackerv1.VerifyEmailRequest{Token: token}); reasonOf(err) != want {
			t.Errorf("verify: %v, want reason %q", err, want)
		}
	}
	me, err = auth.GetCurrentUser(t.Context(), &microtrackerv1.GetCurrentUserRequest{})
	if err != nil || !me.GetUser().GetEmailVerified() {
		t.Errorf("after: %v, %v", me, err)
	}
}

func TestAVerificationIsMailedAgainOnceAMinute(t *testing.T) {
	t.Parallel()
	w := start(t)
	auth := w.withCookie(t, w.register(t, "ada@example.com"))
	first := tokenIn(t, w.nextMail(t).Link, "/verify")
	if _, err := auth.ResendVerification(t.Context(), &microtrackerv1.ResendVerificationRequest{}); err != nil {
		t.Fatal(err)
	}
	second := tokenIn(t, w.nextMail(t).Link, "/verify")
	if _, err := auth.ResendVerification(t.Context(), &microtrackerv1.ResendVerificationRequest{}); reasonOf(err) != "ERROR_REASON_TOO_MANY_ATTEMPTS" {
		t.Errorf("at once again: %v", err)
	}
	if _, err := w.anonymous(t).VerifyEmail(t.Context(), &microtrackerv1.VerifyEmailRequest{Token: first}); err == nil {
		t.Error("the replaced link still works")
	}
	if _, err := w.anonymous(t).VerifyEmail(t.Context(), &microtrackerv1.VerifyEmailRequest{Token: second}); err != nil {
		t.Error(err)
	}
}

func TestAResetLinkSetsAPasswordOnceAndEndsAllSessions(t *testing.T) {
	t.Parallel()
	w := start(t)
	old := w.withCookie(t, w.register(t, "ada@example.com"))
	w.nextMail(t) // verify
	ask := func(email string) error {
		_, err := w.anonymous(t).RequestPasswordReset(t.Context(), &microtrackerv1.RequestPasswordResetRequest{Email: email})
		return err
	}
	if known, unknown := ask("ADA@example.com"), ask("nobody@example.com"); known != nil || unknown != nil {
		t.Fatalf("known: %v, unknown: %v; want the same answer", known, unknown)
	}
	message := w.nextMail(t)
	token := tokenIn(t, message.Link, "/reset")
	if message.To != "ada@example.com" {
		t.Errorf("mailed to %s", message.To)
	}
	const fresh = "a wholly new password"
	reset := func(password string) error {
		_, err := w.anonymous(t).ResetPassword(t.Context(), &microtrackerv1.ResetPasswordRequest{Token: token, NewPassword: password})
		return err
	}
	for _, refused := range []string{"password1", "ada@example.com"} {
		if err := reset(refused); reasonOf(err) != "ERROR_REASON_PASSWORD_TOO_COMMON" {
			t.Errorf("to %s: %v", refused, err)
		}
	}
	if err := reset(fresh); err != nil {
		t.Fatal(err)
	}
	if err := reset(fresh); reasonOf(err) != "ERROR_REASON_LINK_INVALID" {
		t.Errorf("the link again: %v", err)
	}
	if signedIn(t, old) {
		t.Error("an old session outlived the reset")
	}
	if !strings.Contains(strings.ToLower(w.nextMail(t).Subject), "password") {
		t.Error("the change was not mailed")
	}
	if _, err := w.login(t, "ada@example.com", goodPassword); err == nil {
		t.Error("the old password still works")
	}
	if _, err := w.login(t, "ada@example.com", fresh); err != nil {
		t.Error(err)
	}
}

func TestChangingThePasswordEndsTheOtherSessions(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.register(t, "ada@example.com")
	here, err := w.login(t, "ada@example.com", goodPassword)
	if err != nil {
		t.Fatal(err)
	}
	there, err := w.login(t, "ada@example.com", goodPassword)
	if err != nil {
		t.Fatal(err)
	}
	change := func(current, next string) error {
		_, err := here.ChangePassword(t.Context(), &microtrackerv1.ChangePasswordRequest{CurrentPassword: current, NewPassword: next})
		return err
	}
	if err := change("not my password", "a wholly new password"); reasonOf(err) != "ERROR_REASON_CONFIRMATION_WRONG" {
		t.Errorf("with a wrong password: %v", err)
	}
	if err := change(goodPassword, "ada@example.com"); reasonOf(err) != "ERROR_REASON_PASSWORD_TOO_COMMON" {
		t.Errorf("to the address: %v", err)
	}
	if err := change(goodPassword, "a wholly new password"); err != nil {
		t.Fatal(err)
	}
	if !signedIn(t, here) || signedIn(t, there) {
		t.Error("want the changing session to live and the other to end")
	}
}

func TestSessionsAreListedAndRevoked(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.register(t, "ada@example.com")
	here, err := w.login(t, "ada@example.com", goodPassword)
	if err != nil {
		t.Fatal(err)
	}
	there, err := w.login(t, "ada@example.com", goodPassword)
	if err != nil {
		t.Fatal(err)
	}
	list, err := here.ListSessions(t.Context(), &microtrackerv1.ListSessionsRequest{})
	if err != nil || len(list.GetSessions()) != 3 {
		t.Fatalf("sessions = %v, %v", list, err)
	}
	current := 0
	for _, session := range list.GetSessions() {
		if session.GetCurrent() {
			current++
		}
		if session.GetDevice() != "Chrome on Linux" || session.GetIpAddress() != "127.0.0.1" {
			t.Errorf("session = %v", session)
		}
	}
	if current != 1 {
		t.Errorf("%d sessions say that they ask", current)
	}
	if _, err := here.RevokeSession(t.Context(), &microtrackerv1.RevokeSessionRequest{Which: &microtrackerv1.RevokeSessionRequest_AllOthers{AllOthers: true}}); err != nil {
		t.Fatal(err)
	}
	if !signedIn(t, here) || signedIn(t, there) {
		t.Error("want this session to live and the others to end")
	}
}

func TestASignInWithANewBrowserIsMailed(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.register(t, "ada@example.com")
	w.nextMail(t) // verify
	if _, err := w.login(t, "ada@example.com", goodPassword); err != nil {
		t.Fatal(err)
	}
	const firefox = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:141.0) Gecko/20100101 Firefox/141.0"
	other := microtrackerv1connect.NewAuthServiceClient(w.client(t, protocols()[0], map[string]string{"User-Agent": firefox}))
	if _, err := other.Login(t.Context(), &microtrackerv1.LoginRequest{Email: "ada@example.com", Password: goodPassword}); err != nil {
		t.Fatal(err)
	}
	// The browser that he had registered with was not worth a mail.
	if message := w.nextMail(t); !strings.Contains(message.Text, "Firefox on Windows") {
		t.Errorf("mail = %s", message.Text)
	}
}

func TestGuessesAtAPasswordAreSlowed(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.register(t, "ada@example.com")
	for _, email := range []string{"ada@example.com", "nobody@example.com"} {
		var reasons []string
		for range 11 {
			_, err := w.login(t, email, "a wrong password")
			reasons = append(reasons, strings.TrimPrefix(reasonOf(err), "ERROR_REASON_"))
		}
		if reasons[9] != "LOGIN_FAILED" || reasons[10] != "TOO_MANY_ATTEMPTS" {
			t.Errorf("%s: %v", email, reasons)
		}
	}
}

func TestAPasswordOfTheFormerApplicationIsHashedAnewAtLogin(t *testing.T) {
	t.Parallel()
	w := start(t)
	hash, err := bcrypt.GenerateFromPassword([]byte(goodPassword), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	former := &repo.User{Name: "Old", Email: "old@example.com", Password: "$2y$" + strings.TrimPrefix(string(hash), "$2a$")}
	if err := w.store.CreateUser(t.Context(), former); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := w.login(t, "old@example.com", goodPassword); err != nil {
			t.Fatal(err)
		}
		user, err := w.store.UserByEmail(t.Context(), "old@example.com")
		if err != nil || !strings.HasPrefix(user.Password, "$argon2id$") {
			t.Errorf("hash = %.12s…, %v", user.Password, err)
		}
	}
}

func TestATokenOfTheFormerApplicationWorks(t *testing.T) {
	t.Parallel()
	w := start(t)
	who := w.account(t)
	const secret = "x1Yt0Zr9Wq8Vp7Uo6Tn5Sm4Rl3Qk2Pj1Oi0Nh9Mg"
	sum := linkHash(secret)
	token := &repo.PersonalAccessToken{Name: "old", Token: sum, Abilities: `["*"]`}
	if err := w.store.CreateToken(t.Context(), who.user.ID, token); err != nil {
		t.Fatal(err)
	}
	for presented, want := range map[string]bool{
		jsonNumber(token.ID) + "|" + secret:       true,
		jsonNumber(token.ID+1) + "|" + secret:     false,
		jsonNumber(token.ID) + "|" + secret + "x": false,
	} {
		auth := microtrackerv1connect.NewAuthServiceClient(w.client(t, protocols()[0], map[string]string{"Authorization": "Bearer " + presented}))
		if signedIn(t, auth) != want {
			t.Errorf("%s: want %v", presented, want)
		}
	}
}

func TestATokenCannotMakeOneThatMayDoMore(t *testing.T) {
	t.Parallel()
	w := start(t)
	f := newFixture(t, w)
	weak, _ := f.tokenOf(f.mine.user, `["account:write"]`, time.Time{})
	auth := microtrackerv1connect.NewAuthServiceClient(w.client(t, protocols()[0], map[string]string{"Authorization": "Bearer " + weak}))
	for _, c := range []struct {
		abilities []microtrackerv1.Scope
		want      string
	}{
		{nil, "ERROR_REASON_SCOPE_MISSING"},
		{[]microtrackerv1.Scope{microtrackerv1.Scope_SCOPE_ALL}, "ERROR_REASON_SCOPE_MISSING"},
		{[]microtrackerv1.Scope{microtrackerv1.Scope_SCOPE_ACCOUNT_WRITE, microtrackerv1.Scope_SCOPE_REPORTS_READ}, "ERROR_REASON_SCOPE_MISSING"},
		{[]microtrackerv1.Scope{microtrackerv1.Scope_SCOPE_ACCOUNT_WRITE}, ""},
	} {
		if _, err := auth.CreateToken(t.Context(), &microtrackerv1.CreateTokenRequest{Name: "t", Abilities: c.abilities}); reasonOf(err) != c.want {
			t.Errorf("%v: %v, want reason %q", c.abilities, err, c.want)
		}
	}
}

func TestADisabledAccountIsShutOut(t *testing.T) {
	t.Parallel()
	w := start(t)
	session := w.withCookie(t, w.register(t, "ada@example.com"))
	user, err := w.store.UserByEmail(t.Context(), "ada@example.com")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.store.SetUserDisabled(t.Context(), user.ID, time.Now()); err != nil {
		t.Fatal(err)
	}
	if _, err := session.GetCurrentUser(t.Context(), &microtrackerv1.GetCurrentUserRequest{}); err == nil {
		t.Error("its session works")
	}
	if _, err := w.login(t, "ada@example.com", goodPassword); reasonOf(err) != "ERROR_REASON_ACCOUNT_DISABLED" {
		t.Errorf("its login: %v", err)
	}
}

func TestDeletingAnAccountDeletesAllThatIsIts(t *testing.T) {
	t.Parallel()
	w := start(t)
	cookie := w.register(t, "ada@example.com")
	auth := w.withCookie(t, cookie)
	projects := microtrackerv1connect.NewProjectsServiceClient(w.client(t, protocols()[0], map[string]string{"Cookie": cookie.Name + "=" + cookie.Value}))
	made, err := projects.CreateProject(t.Context(), &microtrackerv1.CreateProjectRequest{Name: "Shop"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := auth.DeleteAccount(t.Context(), &microtrackerv1.DeleteAccountRequest{Password: "not my password"}); reasonOf(err) != "ERROR_REASON_CONFIRMATION_WRONG" {
		t.Errorf("with a wrong password: %v", err)
	}
	if _, err := auth.DeleteAccount(t.Context(), &microtrackerv1.DeleteAccountRequest{Password: goodPassword}); err != nil {
		t.Fatal(err)
	}
	if signedIn(t, auth) {
		t.Error("its session works")
	}
	status, _ := w.post(t, "/microtracker.v1.TrackingService/Track", `{"projectKey":"`+made.GetProject().GetPublicKey()+`","events":[{"eventType":1}]}`, nil)
	if status != 401 {
		t.Errorf("its project takes events: %d", status)
	}
	w.register(t, "ada@example.com") // the address is free again
}

func TestAnAPIKeyIsRefusedAtOnceWhenItIsRotatedOrSwitchedOff(t *testing.T) {
	t.Parallel()
	w := start(t)
	f := newFixture(t, w)
	keys := microtrackerv1connect.NewApiKeysServiceClient(w.client(t, protocols()[0], map[string]string{"Authorization": "Bearer " + f.mine.token}))
	id := f.mine.project.ID
	made, err := keys.CreateApiKey(t.Context(), &microtrackerv1.CreateApiKeyRequest{
		ProjectId: id, Name: "partner", Scope: []microtrackerv1.Scope{microtrackerv1.Scope_SCOPE_REPORTS_READ},
	})
	if err != nil {
		t.Fatal(err)
	}
	works := func(secret string) bool {
		return w.ask(t, f.mine.project, map[string]string{"Authorization": "Bearer " + secret}) == nil
	}
	for range 2 { // hashed, then remembered
		if !works(made.GetSecret()) {
			t.Fatal("a new key does not work")
		}
	}
	key := made.GetApiKey()
	if !strings.HasPrefix(made.GetSecret(), "mt_key_"+key.GetSecretPrefix()) || !strings.HasSuffix(made.GetSecret(), key.GetSecretLast4()) {
		t.Errorf("key = %v", key)
	}
	rotated, err := keys.RotateApiKey(t.Context(), &microtrackerv1.RotateApiKeyRequest{ProjectId: id, ApiKeyId: key.GetId()})
	if err != nil {
		t.Fatal(err)
	}
	if works(made.GetSecret()) || !works(rotated.GetSecret()) {
		t.Error("want the old secret to fail and the new one to work")
	}
	off := &microtrackerv1.UpdateApiKeyRequest{ProjectId: id, ApiKeyId: key.GetId(), UpdateMask: mask("is_active")}
	if _, err := keys.UpdateApiKey(t.Context(), off); err != nil {
		t.Fatal(err)
	}
	if works(rotated.GetSecret()) {
		t.Error("a key that is switched off works")
	}
}

func TestAnInactiveProjectSaysSoInItsReceipts(t *testing.T) {
	t.Parallel()
	w := start(t)
	f := newFixture(t, w)
	projects := microtrackerv1connect.NewProjectsServiceClient(w.client(t, protocols()[0], map[string]string{"Authorization": "Bearer " + f.mine.token}))
	updated, err := projects.UpdateProject(t.Context(), &microtrackerv1.UpdateProjectRequest{
		ProjectId: f.mine.project.ID, Name: "Renamed", AllowedHostnames: []string{"*.example.com"}, UpdateMask: mask("name", "is_active", "allowed_hostnames"),
	})
	if err != nil || updated.GetProject().GetName() != "Renamed" || updated.GetProject().GetIsActive() || len(updated.GetProject().GetAllowedHostnames()) != 1 {
		t.Fatalf("updated = %v, %v", updated, err)
	}
	if got := w.statuses(t, f.mine.project, `"events":[{"eventType":1},{"eventType":2}]`); strings.Join(got, ",") != "PROJECT_INACTIVE,PROJECT_INACTIVE" {
		t.Errorf("receipts = %v", got)
	}
	_, err = projects.UpdateProject(t.Context(), &microtrackerv1.UpdateProjectRequest{ProjectId: f.mine.project.ID, UpdateMask: mask("public_key")})
	if reasonOf(err) != "ERROR_REASON_VALIDATION_FAILED" {
		t.Errorf("a field that cannot be changed: %v", err)
	}
}

func TestSecretsAreNowhereInClear(t *testing.T) {
	t.Parallel()
	w := start(t)
	cookie := w.register(t, "ada@example.com")
	auth := w.withCookie(t, cookie)
	verify := tokenIn(t, w.nextMail(t).Link, "/verify")
	token, err := auth.CreateToken(t.Context(), &microtrackerv1.CreateTokenRequest{Name: "t"})
	if err != nil {
		t.Fatal(err)
	}
	set := map[string]string{"Cookie": cookie.Name + "=" + cookie.Value}
	project, err := microtrackerv1connect.NewProjectsServiceClient(w.client(t, protocols()[0], set)).CreateProject(t.Context(), &microtrackerv1.CreateProjectRequest{Name: "Shop"})
	if err != nil {
		t.Fatal(err)
	}
	key, err := microtrackerv1connect.NewApiKeysServiceClient(w.client(t, protocols()[0], set)).CreateApiKey(t.Context(), &microtrackerv1.CreateApiKeyRequest{
		ProjectId: project.GetProject().GetId(), Name: "k", Scope: []microtrackerv1.Scope{microtrackerv1.Scope_SCOPE_ALL},
	})
	if err != nil {
		t.Fatal(err)
	}
	everything := string(w.dump(t)) + w.logged()
	for name, secret := range map[string]string{
		"password": goodPassword, "session": cookie.Value, "verification": verify, "token": token.GetSecret(),
		"secret key": project.GetSecretKey(), "API key": key.GetSecret(),
	} {
		if strings.Contains(everything, secret) {
			t.Errorf("the %s is in the database or the log", name)
		}
	}
}

func TestOnlyAllowedHostsSendEvents(t *testing.T) {
	t.Parallel()
	w := start(t)
	project := w.account(t).project
	project.AllowedHostnames = []string{"example.com", "*.example.org"}
	if err := project.Save(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	got := w.statuses(t, project, `"events":[
		{"eventType":1,"url":"https://EXAMPLE.com:8443/a"}, {"eventType":1,"url":"https://www.example.com/"},
		{"eventType":1,"url":"https://shop.example.org/"}, {"eventType":1,"url":"https://example.org/"},
		{"eventType":1,"url":"https://evil-example.com/"}, {"eventType":11}]`)
	want := "ACCEPTED,HOSTNAME_NOT_ALLOWED url,ACCEPTED,HOSTNAME_NOT_ALLOWED url,HOSTNAME_NOT_ALLOWED url,HOSTNAME_NOT_ALLOWED url"
	if strings.Join(got, ",") != want {
		t.Errorf("receipts = %v\nwant %s", got, want)
	}
}

func TestAStoredIDIsReadOnlyWhereTheProjectSaysSo(t *testing.T) {
	t.Parallel()
	w := start(t)
	project := w.account(t).project
	seen := func(key string) bool {
		w.statuses(t, project, `"client":{"visitorKey":"`+key+`"},"events":[{"eventType":1,"url":"https://example.com/"}]`)
		_, err := project.VisitorByKey(t.Context(), key)
		return err == nil
	}
	if seen("first") {
		t.Error("a cookieless project has kept a stored id")
	}
	project.PrivacyMode = "stored_id"
	if err := project.Save(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	if !seen("second") {
		t.Error("a project with stored ids has not read one")
	}
}

func TestAStreamEndsWithTheCredentialThatOpenedIt(t *testing.T) {
	t.Parallel()
	w := start(t)
	f := newFixture(t, w)
	token, id := f.tokenOf(f.mine.user, `["reports:read"]`, time.Time{})
	reporting := microtrackerv1connect.NewReportingServiceClient(w.client(t, protocols()[2], map[string]string{"Authorization": "Bearer " + token}))
	stream, err := reporting.WatchLive(t.Context(), &microtrackerv1.WatchLiveRequest{ProjectId: f.mine.project.ID})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Receive(); err != nil {
		t.Fatal(err)
	}
	if err := w.store.DeleteToken(t.Context(), f.mine.user.ID, id); err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = stream.Receive()
	}
	if connect.CodeOf(err) != connect.CodeUnauthenticated {
		t.Errorf("err = %v, want unauthenticated", err)
	}
}
