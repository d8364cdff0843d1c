package server_test

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/gen/microtracker/v1/microtrackerv1connect"
	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/repotest"
	"github.com/microtracker/microtracker/server"
	"github.com/microtracker/microtracker/server/identity"
)

// bench is a quiet server for measuring. The figures are ratios within one run; nothing is asserted here.
type bench struct {
	url     string
	store   *repo.Store
	project *repo.Project
	session string
	apiKey  string
}

func startBench(b *testing.B) *bench {
	b.Helper()
	store := repotest.Open(b, repotest.DatabaseURL(b))
	passwords := identity.NewPasswords(max(1, runtime.GOMAXPROCS(0)/2))
	srv, err := server.New(server.Config{
		Store: store, Logger: slog.New(slog.DiscardHandler), Passwords: passwords,
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	})
	if err != nil {
		b.Fatal(err)
	}
	listener, err := (&net.ListenConfig{}).Listen(b.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- srv.Serve(ctx, listener, nil) }()
	b.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			b.Error(err)
		}
	})

	user := repotest.User(b, store)
	f := &bench{url: "http://" + listener.Addr().String(), store: store, project: repotest.ProjectOf(b, store, user)}
	value, id := identity.NewSessionToken()
	f.session = "mt_session=" + value
	if err := store.CreateSession(b.Context(), &repo.Session{ID: id, UserID: user.ID, Payload: "{}", LastActivity: time.Now().Unix()}); err != nil {
		b.Fatal(err)
	}
	secret := identity.New(identity.APIKey)
	hash, err := passwords.Hash(b.Context(), secret.Reveal())
	if err != nil {
		b.Fatal(err)
	}
	key := &repo.APIKey{Name: "k", Scope: "*", SecretPrefix: secret.Prefix(), SecretLast4: secret.Last4(), SecretHash: hash, IsActive: true}
	if err := f.project.CreateAPIKey(b.Context(), key); err != nil {
		b.Fatal(err)
	}
	f.apiKey = secret.Reveal()
	return f
}

// caller returns a call of GetProject over one connection with these headers, and how long it took.
func (f *bench) caller(set map[string]string) func(ctx context.Context) (time.Duration, error) {
	client := connect.NewClient(connecthttp.NewTransport(&http.Client{Transport: headers{next: &http.Transport{}, set: set}}, f.url))
	projects := microtrackerv1connect.NewProjectsServiceClient(client)
	return func(ctx context.Context) (time.Duration, error) {
		begun := time.Now()
		_, err := projects.GetProject(ctx, &microtrackerv1.GetProjectRequest{ProjectId: f.project.ID})
		return time.Since(begun), err
	}
}

func quantile(durations []time.Duration, q float64) time.Duration {
	sorted := slices.Sorted(slices.Values(durations))
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

// BenchmarkAPIKeyAgainstSession prints what a call with an API key costs beside the same call with a session.
func BenchmarkAPIKeyAgainstSession(b *testing.B) {
	f := startBench(b)
	byKey := f.caller(map[string]string{"Authorization": "Bearer " + f.apiKey})
	bySession := f.caller(map[string]string{"Cookie": f.session})
	if _, err := byKey(b.Context()); err != nil { // the first one hashes
		b.Fatal(err)
	}
	var key, session []time.Duration
	for b.Loop() {
		k, err := byKey(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		s, err := bySession(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		key, session = append(key, k), append(session, s)
	}
	b.ReportMetric(float64(quantile(key, 0.5))/float64(quantile(session, 0.5)), "key/session")
}

// BenchmarkWrongKeyFlood prints the 99th percentile of valid calls while 64 clients send wrong keys in a loop, beside the
// one of a quiet server, and the memory that the flood took. A third of the wrong keys are noise, a third unknown, a
// third begin like a real one.
func BenchmarkWrongKeyFlood(b *testing.B) {
	f := startBench(b)
	valid := f.caller(map[string]string{"Authorization": "Bearer " + f.apiKey})
	measure := func() time.Duration {
		var took []time.Duration
		for range 1000 {
			d, err := valid(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			took = append(took, d)
			<-time.After(time.Millisecond) // a client, not a race
		}
		return quantile(took, 0.99)
	}
	measure()
	// A key whose first characters are those of a stored one: looked up, found, and still wrong.
	known := identity.New(identity.APIKey)
	decoy := &repo.APIKey{Name: "d", Scope: "*", SecretPrefix: known.Prefix(), SecretLast4: "none", SecretHash: "none", IsActive: true}
	if err := f.project.CreateAPIKey(b.Context(), decoy); err != nil {
		b.Fatal(err)
	}
	var before, after runtime.MemStats
	for b.Loop() {
		quiet := measure()
		runtime.GC()
		runtime.ReadMemStats(&before)
		ctx, stop := context.WithCancel(b.Context())
		var flood sync.WaitGroup
		var sent, peak atomic.Int64
		for i := range 64 {
			flood.Go(func() {
				set := map[string]string{"X-Forwarded-For": fmt.Sprintf("203.0.113.%d", i)}
				call := f.caller(set)
				for n := 0; ctx.Err() == nil; n++ {
					set["Authorization"] = "Bearer " + []string{"mt_key_noise", identity.New(identity.APIKey).Reveal(), known.Reveal()}[n%3]
					_, _ = call(ctx)
					sent.Add(1)
				}
			})
		}
		flooded := measure()
		runtime.ReadMemStats(&after)
		peak.Store(int64(after.Sys - before.Sys))
		stop()
		flood.Wait()
		b.ReportMetric(float64(flooded)/float64(quiet), "p99-flooded/quiet")
		b.ReportMetric(float64(peak.Load())/(1<<20), "MB-more")
		b.ReportMetric(float64(sent.Load()), "wrong-keys")
	}
}

// BenchmarkEnumerationByTime prints how well the time of a login and of a reset tells known addresses from unknown ones:
// the Kolmogorov-Smirnov statistic of 200 tries each, and the probability of one as large by chance alone. A probability
// above 0.05 is what a test does not tell apart.
func BenchmarkEnumerationByTime(b *testing.B) {
	f := startBench(b)
	passwords := identity.NewPasswords(1)
	for i := range 40 {
		hash, err := passwords.Hash(b.Context(), goodPassword)
		if err != nil {
			b.Fatal(err)
		}
		if err := f.store.CreateUser(b.Context(), &repo.User{Name: "Known", Email: fmt.Sprintf("known%d@example.com", i), Password: hash}); err != nil {
			b.Fatal(err)
		}
	}
	attempts := 0
	timed := func(kind string, i int, reset bool) time.Duration {
		attempts++
		set := map[string]string{"X-Forwarded-For": fmt.Sprintf("2001:db8:%x::1", attempts)}
		client := connect.NewClient(connecthttp.NewTransport(&http.Client{Transport: headers{next: http.DefaultTransport, set: set}}, f.url)) //nolint:forbidigo // one pool for all
		auth := microtrackerv1connect.NewAuthServiceClient(client)
		email := fmt.Sprintf("%s%d@example.com", kind, i%40)
		begun := time.Now()
		if reset {
			_, _ = auth.RequestPasswordReset(b.Context(), &microtrackerv1.RequestPasswordResetRequest{Email: email})
		} else {
			_, _ = auth.Login(b.Context(), &microtrackerv1.LoginRequest{Email: email, Password: "a wrong password"})
		}
		return time.Since(begun)
	}
	for b.Loop() {
		for name, reset := range map[string]bool{"login": false, "reset": true} {
			var known, unknown []time.Duration
			for i := range 200 {
				// In either order, so that what a try leaves behind for the next is not taken for a difference.
				if rand.IntN(2) == 0 {
					known, unknown = append(known, timed("known", i, reset)), append(unknown, timed("unknown", i, reset))
				} else {
					unknown, known = append(unknown, timed("unknown", i, reset)), append(known, timed("known", i, reset))
				}
			}
			d, p := kolmogorovSmirnov(known, unknown)
			b.ReportMetric(d, name+"-KS")
			b.ReportMetric(p, name+"-p")
		}
	}
}

// kolmogorovSmirnov returns the largest distance of the two distributions and the asymptotic probability of one as large
// when both are the same.
func kolmogorovSmirnov(a, b []time.Duration) (distance, probability float64) {
	slices.Sort(a)
	slices.Sort(b)
	for i, j := 0, 0; i < len(a) && j < len(b); {
		if a[i] <= b[j] {
			i++
		} else {
			j++
		}
		distance = max(distance, math.Abs(float64(i)/float64(len(a))-float64(j)/float64(len(b))))
	}
	lambda := distance * math.Sqrt(float64(len(a)*len(b))/float64(len(a)+len(b)))
	for k := 1; k <= 100; k++ {
		probability += 2 * math.Pow(-1, float64(k-1)) * math.Exp(-2*float64(k*k)*lambda*lambda)
	}
	return distance, min(1, max(0, probability))
}
