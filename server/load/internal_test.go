package load

import (
	"math"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
)

func TestJSONByHandIsTheMessage(t *testing.T) {
	t.Parallel()
	now := time.Now().Truncate(time.Millisecond)
	for i, hit := range Visits(5, Options{Events: 3000, Bots: 0.2, Ads: 0.3, Site: "https://shop.example.com"}) {
		hit.Event.CreateTime = timestamppb.New(now.Add(hit.Offset.Truncate(time.Millisecond)))
		sent := &microtrackerv1.TrackRequest{SentAt: timestamppb.New(now), Events: []*microtrackerv1.Event{hit.Event}}
		switch i % 3 {
		case 0:
			sent.ProjectKey, sent.Client = "mt_pub_x", hit.Visitor.Client()
		case 1:
			hit.Event.Client = hit.Visitor.ServerClient()
		default:
			hit.Event.Title, hit.Event.Name = "a \"title\" \\ with\nmore", "\u2028 \x01"
		}
		body := appendRequest(nil, sent)
		var read microtrackerv1.TrackRequest
		if err := protojson.Unmarshal(body, &read); err != nil {
			t.Fatalf("%v\n%s", err, body)
		}
		if !proto.Equal(sent, &read) {
			t.Fatalf("wrote %s\nof %v", body, sent)
		}
	}
}

func TestQuantilesAreWithinOneSixtyFourth(t *testing.T) {
	t.Parallel()
	r := newRand(1, 2)
	var h histogram
	var sorted []time.Duration
	for range 50_000 {
		latency := time.Duration(math.Exp(r.NormFloat64()*2+9)) * time.Microsecond
		h.add(latency)
		sorted = append(sorted, latency)
	}
	slices.Sort(sorted)
	for _, share := range []float64{0.001, 0.5, 0.9, 0.99, 0.999, 1} {
		exact := sorted[int(math.Ceil(share*float64(len(sorted))))-1]
		if got := h.quantile(share); got < exact || float64(got) > float64(exact)*65/64+1000 {
			t.Errorf("quantile %v = %v, exactly %v", share, got, exact)
		}
	}
	if got := h.latencies(); got.Max != sorted[len(sorted)-1] {
		t.Errorf("max = %v, want %v", got.Max, sorted[len(sorted)-1])
	}
	h.add(200 * 365 * 24 * time.Hour)
	h.add(-time.Second)
	if (&histogram{}).quantile(0.99) != 0 {
		t.Error("nothing was counted")
	}
}

func TestEveryVisitorHasAnAddressOfHisOwn(t *testing.T) {
	t.Parallel()
	p := newPopulation(Options{Seed: 99, Visitors: 300_000, Projects: 1}.withDefaults())
	seen := make(map[string]bool, 300_000)
	for number := range 300_000 {
		address := p.address(number)
		if address.IsPrivate() || address.IsLoopback() || !address.IsGlobalUnicast() {
			t.Fatalf("visitor %d has the address %s", number, address)
		}
		if address.Is6() { // a network is one household
			prefix, _ := address.Prefix(64)
			address = prefix.Addr()
		}
		if seen[address.String()] {
			t.Fatalf("%s comes twice", address)
		}
		seen[address.String()] = true
	}
}
