package main

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/repotest"
	"github.com/microtracker/microtracker/server/identity"
)

// operated is an installation's database and its operator's command line.
type operated struct {
	*repo.Store

	url string
}

func operate(t *testing.T) operated {
	t.Helper()
	url := repotest.DatabaseURL(t)
	return operated{repotest.Open(t, url), url}
}

// run runs the program as a process and returns what it printed; ok says whether it ended well.
func (o operated) run(t *testing.T, args ...string) (stdout, stderr string, ok bool) {
	t.Helper()
	cmd := command(t, append(args, "--database-url", o.url)...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	return out.String(), errs.String(), err == nil
}

// must returns the standard output of a command that has to succeed.
func (o operated) must(t *testing.T, args ...string) string {
	t.Helper()
	stdout, stderr, ok := o.run(t, args...)
	if !ok {
		t.Fatalf("microtracker %s failed:\n%s%s", strings.Join(args, " "), stdout, stderr)
	}
	return stdout
}

// signedIn gives the user a session.
func (o operated) signedIn(t *testing.T, user *repo.User) {
	t.Helper()
	session := &repo.Session{ID: fmt.Sprint("session of ", user.ID), UserID: user.ID, Payload: "{}", LastActivity: time.Now().Unix()}
	if err := o.CreateSession(t.Context(), session); err != nil {
		t.Fatal(err)
	}
}

func (o operated) isSignedIn(t *testing.T, user *repo.User) bool {
	t.Helper()
	_, _, err := o.SessionUser(t.Context(), fmt.Sprint("session of ", user.ID), time.Now().Add(-time.Hour))
	if err != nil && !errors.Is(err, repo.ErrNotFound) {
		t.Fatal(err)
	}
	return err == nil
}

// after returns what stands on the line behind a text.
func after(t *testing.T, output, text string) string {
	t.Helper()
	_, rest, found := strings.Cut(output, text)
	if !found {
		t.Fatalf("there is no %q in:\n%s", text, output)
	}
	line, _, _ := strings.Cut(rest, "\n")
	return line
}

func TestUsersAreListedByPages(t *testing.T) {
	t.Parallel()
	o := operate(t)
	first, second := repotest.User(t, o.Store), repotest.User(t, o.Store)
	page, hint, _ := o.run(t, "user", "list", "--limit", "1")
	if !strings.Contains(page, first.Email) || strings.Contains(page, second.Email) || !strings.Contains(hint, fmt.Sprintf("--after %d", first.ID)) {
		t.Errorf("the first page:\n%s%s", page, hint)
	}
	page, hint, _ = o.run(t, "user", "list", "--limit", "1", "--after", idCell(first.ID))
	if strings.Contains(page, first.Email) || !strings.Contains(page, second.Email) || hint != "" {
		t.Errorf("the last page:\n%s%s", page, hint)
	}
	if stdout, _, ok := o.run(t, "user", "list", "--limit", "0"); ok {
		t.Errorf("--limit 0 printed:\n%s", stdout)
	}
}

func TestWhatStrangersCallThemselvesCannotTouchTheTerminal(t *testing.T) {
	t.Parallel()
	o := operate(t)
	const nasty = "\x1b[2J\x1b]0;pwned\x07\r\n99\tadmin@example.com\u202e\u2066\u0085\u009b31m"
	owner := &repo.User{Name: nasty, Email: "nasty@example.com", Password: "none"}
	if err := o.CreateUser(t.Context(), owner); err != nil {
		t.Fatal(err)
	}
	project, err := o.CreateProject(t.Context(), &repo.ProjectInfo{
		OwnerUserID: owner.ID, Name: nasty, WebsiteURL: nasty, PublicKey: "p", SecretKey: "s", TimeZone: "UTC", Currency: "USD",
	})
	if err != nil {
		t.Fatal(err)
	}
	token := &repo.PersonalAccessToken{Name: nasty, Token: "t", Abilities: `["*"]`}
	if err := o.CreateToken(t.Context(), owner.ID, token); err != nil {
		t.Fatal(err)
	}
	unsafe := regexp.MustCompile(`[\x00-\x09\x0b-\x1f\x7f\x{80}-\x{9f}\x{202a}-\x{202e}\x{2066}-\x{2069}]`)
	for _, c := range []struct {
		args  []string
		lines int
	}{
		{[]string{"user", "list"}, 2},
		{[]string{"project", "list"}, 2},
		{[]string{"token", "list", owner.Email}, 2},
		{[]string{"project", "rotate-keys", idCell(project.ID), "--key", "public"}, 2},
		{[]string{"token", "revoke", idCell(token.ID)}, 1},
	} {
		output := o.must(t, c.args...)
		if unsafe.MatchString(output) || strings.Count(output, "\n") != c.lines {
			t.Errorf("%s printed %q, want %d harmless lines", strings.Join(c.args, " "), output, c.lines)
		}
	}
	if _, stderr, ok := o.run(t, "user", "disable", nasty); ok || unsafe.MatchString(stderr) {
		t.Errorf("of an unknown address: %v, %q", ok, stderr)
	}
}

func TestAResetPasswordIsPrintedOnceAndEndsTheSessions(t *testing.T) {
	t.Parallel()
	o := operate(t)
	ada, bob := repotest.User(t, o.Store), repotest.User(t, o.Store)
	o.signedIn(t, ada)
	o.signedIn(t, bob)
	output := o.must(t, "user", "reset-password", strings.ToUpper(ada.Email))
	password := after(t, output, "password (shown once): ")
	if strings.Count(output, password) != 1 {
		t.Errorf("it is not printed once:\n%s", output)
	}
	found, err := o.User(t.Context(), ada.ID)
	if err != nil {
		t.Fatal(err)
	}
	if ok, _, err := identity.NewPasswords(1).Verify(t.Context(), password, found.Password); err != nil || !ok {
		t.Errorf("the printed password does not open the account: %v", err)
	}
	if o.isSignedIn(t, ada) || !o.isSignedIn(t, bob) {
		t.Errorf("signed in: she %v, he %v; want he alone", o.isSignedIn(t, ada), o.isSignedIn(t, bob))
	}
	if bytes.Contains(repotest.Dump(t, o.url), []byte(password)) {
		t.Error("the password is in the database")
	}
}

func TestADisabledAccountHasNoSessionsUntilItIsEnabled(t *testing.T) {
	t.Parallel()
	o := operate(t)
	user := repotest.User(t, o.Store)
	o.signedIn(t, user)
	disabledAt := func() time.Time {
		found, err := o.User(t.Context(), user.ID)
		if err != nil {
			t.Fatal(err)
		}
		return found.DisabledAt
	}
	o.must(t, "user", "disable", user.Email)
	since := disabledAt()
	if since.IsZero() || o.isSignedIn(t, user) {
		t.Errorf("disabled at %v, signed in: %v", since, o.isSignedIn(t, user))
	}
	o.must(t, "user", "disable", user.Email)
	if again := disabledAt(); !again.Equal(since) {
		t.Errorf("disabled again, it is so since %v instead of %v", again, since)
	}
	o.must(t, "user", "enable", user.Email)
	if !disabledAt().IsZero() {
		t.Error("it is not enabled")
	}
}

func TestACommonPasswordIsNotTakenFromTheOperatorEither(t *testing.T) {
	t.Parallel()
	o := operate(t)
	for password, want := range map[string]bool{"Summer2024!": false, "ada.lovelace1": false, "h7kQ2vzT9mXw": true} {
		cmd := command(t, "user", "create", "ada.lovelace@example.com", "--password-stdin", "--database-url", o.url)
		cmd.Stdin = strings.NewReader(password + "\n")
		if output, err := cmd.CombinedOutput(); (err == nil) != want || bytes.Contains(output, []byte(password)) {
			t.Errorf("%q: %v, want %v\n%s", password, err == nil, want, output)
		}
	}
}

func TestProjectsAreListedOfAllOrOfOneOwner(t *testing.T) {
	t.Parallel()
	o := operate(t)
	hers, his := repotest.Project(t, o.Store), repotest.Project(t, o.Store)
	owner, err := o.User(t.Context(), his.OwnerUserID)
	if err != nil {
		t.Fatal(err)
	}
	if all := o.must(t, "project", "list"); !strings.Contains(all, hers.Name) || !strings.Contains(all, his.Name) || !strings.Contains(all, owner.Email) {
		t.Errorf("all:\n%s", all)
	}
	if list := o.must(t, "project", "list", "--owner", owner.Email); strings.Contains(list, hers.Name) || !strings.Contains(list, his.Name) {
		t.Errorf("his:\n%s", list)
	}
	if _, stderr, ok := o.run(t, "project", "list", "--owner", "nobody@example.com"); ok || !strings.Contains(stderr, "there is no account") {
		t.Errorf("nobody's: %v\n%s", ok, stderr)
	}
}

func TestARotatedKeyWorksAndTheOldOneForItsGrace(t *testing.T) {
	t.Parallel()
	o := operate(t)
	before := repotest.Project(t, o.Store)
	id := idCell(before.ID)
	now := time.Now()
	public := after(t, o.must(t, "project", "rotate-keys", id, "--key", "public", "--grace", "2h"), "public key: ")
	secret := after(t, o.must(t, "project", "rotate-keys", id, "--key", "secret", "--grace", "0s"), "secret key (shown once): ")
	for _, c := range []struct {
		name   string
		public string
		at     time.Time
		want   error
	}{
		{"the new public key", public, now, nil},
		{"the old public key in its grace", before.PublicKey, now.Add(time.Hour), nil},
		{"the old public key after it", before.PublicKey, now.Add(3 * time.Hour), repo.ErrNotFound},
	} {
		if _, err := o.OpenInbox(t.Context(), c.public, c.at); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	parsed, err := identity.Parse(identity.SecretKey, secret)
	if err != nil {
		t.Fatal(err)
	}
	if found, err := o.ProjectBySecretKey(t.Context(), parsed.SHA256(), now); err != nil || found.ID != before.ID {
		t.Errorf("the new secret key: %+v, %v", found, err)
	}
	if _, err := o.ProjectBySecretKey(t.Context(), before.SecretKey, time.Now()); !errors.Is(err, repo.ErrNotFound) {
		t.Errorf("the old secret key without a grace: %v", err)
	}
	if bytes.Contains(repotest.Dump(t, o.url), []byte(secret)) {
		t.Error("the secret key is in the database")
	}
	for _, args := range [][]string{{id, "--key", "both"}, {id}, {id, "--key", "public", "--grace", "721h"}, {"999999", "--key", "public"}} {
		if stdout, _, ok := o.run(t, append([]string{"project", "rotate-keys"}, args...)...); ok {
			t.Errorf("%v was done:\n%s", args, stdout)
		}
	}
}

func TestATokenIsMadeListedAndRevoked(t *testing.T) {
	t.Parallel()
	o := operate(t)
	user := repotest.User(t, o.Store)
	output := o.must(t, "token", "create", user.Email, "--name", "nightly", "--abilities", "reports:read,ads:read", "--expires-in", "1h")
	secret, err := identity.Parse(identity.PersonalAccessToken, after(t, output, "token (shown once): "))
	if err != nil {
		t.Fatal(err)
	}
	owner, token, err := o.TokenUser(t.Context(), secret.SHA256(), time.Now())
	if err != nil || owner.ID != user.ID || token.Name != "nightly" || token.Abilities != `["reports:read","ads:read"]` {
		t.Fatalf("token %+v of %+v, %v", token, owner, err)
	}
	if _, _, err := o.TokenUser(t.Context(), secret.SHA256(), time.Now().Add(2*time.Hour)); !errors.Is(err, repo.ErrNotFound) {
		t.Errorf("it did not expire: %v", err)
	}
	if list := o.must(t, "token", "list", user.Email); !strings.Contains(list, "nightly") || strings.Contains(list, secret.Reveal()) {
		t.Errorf("the list:\n%s", list)
	}
	if output := o.must(t, "token", "revoke", idCell(token.ID)); !strings.Contains(output, user.Email) {
		t.Errorf("the revocation does not say whose it was:\n%s", output)
	}
	if _, _, err := o.TokenUser(t.Context(), secret.SHA256(), time.Now()); !errors.Is(err, repo.ErrNotFound) {
		t.Errorf("a revoked token answers: %v", err)
	}
	if _, stderr, ok := o.run(t, "token", "revoke", idCell(token.ID)); ok || !strings.Contains(stderr, "there is no token") {
		t.Errorf("revoked twice: %v\n%s", ok, stderr)
	}
}

func TestATokenWithAnUnknownAbilityIsNotMade(t *testing.T) {
	t.Parallel()
	o := operate(t)
	user := repotest.User(t, o.Store)
	for _, abilities := range []string{"reports:write", "reports:read,nonsense", ""} {
		stdout, stderr, ok := o.run(t, "token", "create", user.Email, "--name", "x", "--abilities", abilities)
		if ok || !strings.Contains(stderr, "reports:read") {
			t.Errorf("%q: %v\n%s%s", abilities, ok, stdout, stderr)
		}
	}
	output := o.must(t, "token", "create", user.Email, "--name", "x")
	if tokens, err := o.Tokens(t.Context(), user.ID, repo.Page[int64]{Limit: 10}); err != nil || len(tokens) != 1 || tokens[0].Abilities != `["*"]` {
		t.Errorf("tokens %+v, %v\n%s", tokens, err, output)
	}
}
