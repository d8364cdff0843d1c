package server

import (
	"cmp"
	"context"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/report"
	"github.com/microtracker/microtracker/server/attribution"
)

const (
	defaultLookbackDays = 30
	maxAttributionDays  = 400
	// mostTouchesOfOne and mostShares bound the work of one answer: the touches of one conversion, and those of all.
	mostTouchesOfOne = 10_000
	mostShares       = 20_000_000
	// moneyDecimals is how exactly the database keeps what a conversion is worth.
	moneyDecimals = 6
	million       = 1_000_000
)

// money is a sum of amounts, exact to a millionth however many there are.
type money struct{ whole, millionths int64 }

func (m *money) add(millionths int64) {
	m.whole += millionths / million
	m.millionths += millionths % million
}

func (m *money) plus(other money) {
	m.whole += other.whole
	m.millionths += other.millionths
}

func (m *money) rat() *big.Rat {
	sum := new(big.Int).Mul(big.NewInt(m.whole), big.NewInt(million))
	return new(big.Rat).SetFrac(sum.Add(sum, big.NewInt(m.millionths)), big.NewInt(million))
}

func (m *money) text() string { return moneyText(m.rat().FloatString(moneyDecimals)) }

// worth is an amount in its own smallest unit, a cent or what its last decimal is, and how many millionths that has.
func worth(amount string) (units, millionths int64) {
	whole, decimals, _ := strings.Cut(moneyText(amount), ".")
	millionths = 1
	for range moneyDecimals - len(decimals) {
		millionths *= 10
	}
	for _, digit := range strings.TrimPrefix(whole, "-") + decimals {
		units = 10*units + int64(digit-'0')
	}
	if strings.HasPrefix(whole, "-") {
		units = -units
	}
	return units, millionths
}

// attributed is a row as it is added up.
type attributed struct {
	dimensions []string
	// conversions are millionths.
	conversions [attribution.Models]int64
	revenue     [attribution.Models]money
	touched     int64
	// seen is the last conversion that was counted as touched.
	seen  int64
	spend *string
}

func (a *attributed) plus(other *attributed) {
	for model := range attribution.Models {
		a.conversions[model] += other.conversions[model]
		a.revenue[model].plus(other.revenue[model])
	}
}

// attributing adds conversions up by row.
type attributing struct {
	dimensions []repo.AdDimension
	rows       map[string]*attributed
	// untouched are the conversions without a touch; all are all.
	untouched attributed
	all       attributed
	deals     int64
	shares    int
	times     []time.Time
}

// touchValue is what a touch has of a dimension.
func touchValue(touch *repo.Touch, dimension repo.AdDimension) string {
	switch dimension {
	case repo.AdPlatform:
		return touch.Platform
	case repo.AdCampaign:
		return touch.Campaign
	case repo.AdAdset:
		return touch.Adset
	case repo.AdAd:
		return touch.Ad
	case repo.AdPlacement:
		return touch.Placement
	case repo.AdSource:
		return touch.Source
	case repo.AdDay, repo.AdWeek, repo.AdMonth:
	}
	return ""
}

func (a *attributing) row(values []string) *attributed {
	key := strings.Join(values, "\x00")
	row := a.rows[key]
	if row == nil {
		row = &attributed{dimensions: values}
		a.rows[key] = row
	}
	return row
}

// add shares one conversion.
func (a *attributing) add(deal *repo.Deal, touches []repo.Touch) error {
	a.deals++
	units, millionths := worth(deal.Value)
	a.all.touched += deal.Count
	a.all.revenue[0].add(units * millionths)
	if len(touches) == 0 {
		for model := range attribution.Models {
			a.untouched.conversions[model] += deal.Count * attribution.Whole
			a.untouched.revenue[model].add(units * millionths)
		}
		return nil
	}
	if a.shares += len(touches); len(touches) > mostTouchesOfOne || a.shares > mostShares {
		return fmt.Errorf("%w: it is about more than %d touches of one conversion, or %d of all: ask for fewer days or a shorter lookback",
			report.ErrUnsupported, mostTouchesOfOne, mostShares)
	}
	a.times = a.times[:0]
	rows := make([]*attributed, len(touches))
	for i := range touches {
		a.times = append(a.times, touches[i].At)
		values := make([]string, len(a.dimensions))
		for d, dimension := range a.dimensions {
			values[d] = touchValue(&touches[i], dimension)
		}
		rows[i] = a.row(values)
		if rows[i].seen != a.deals {
			rows[i].seen = a.deals
			rows[i].touched += deal.Count
		}
	}
	for model := range attribution.Models {
		shares := attribution.Shares(model, a.times)
		for i, part := range attribution.Split(deal.Count*attribution.Whole, shares) {
			rows[i].conversions[model] += part
		}
		for i, part := range attribution.Split(units, shares) {
			rows[i].revenue[model].add(part * millionths)
		}
	}
	return nil
}

func (s adsServer) QueryAttribution(ctx context.Context, req *microtrackerv1.QueryAttributionRequest) (*microtrackerv1.QueryAttributionResponse, error) {
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	zone, err := loadZone("days", project.TimeZone)
	if err != nil {
		return nil, err
	}
	lookback := orDefault(req.GetLookbackDays(), defaultLookbackDays)
	query := repo.AttributionQuery{Lookback: time.Duration(lookback) * 24 * time.Hour, EveryConversion: req.GetEveryConversion()}
	if query.Since, query.Until, err = instants("", daysAlone{req.GetDays()}, zone); err != nil {
		return nil, err
	}
	if query.Until.Sub(query.Since) > maxAttributionDays*24*time.Hour+time.Hour {
		return nil, failField("days", fmt.Sprintf("ask for at most %d days", maxAttributionDays))
	}
	if query.Conversions, err = adConversions(ctx, project, req.GetConversionIds()); err != nil {
		return nil, err
	}
	res := new(microtrackerv1.QueryAttributionResponse)
	return res, s.answerAds(ctx, req, project, query.Conversions, res, func(ctx context.Context) (proto.Message, error) {
		sums := &attributing{dimensions: adDimensionsFromProto(req.GetDimensions()), rows: map[string]*attributed{}}
		if err := project.Deals(ctx, query, sums.add); err != nil {
			return nil, err
		}
		rows, err := sums.finish(ctx, req, project)
		if err != nil {
			return nil, err
		}
		return &microtrackerv1.QueryAttributionResponse{
			Rows: rows, Conversions: sums.all.touched, Revenue: sums.all.revenue[0].text(), Currency: project.Currency,
			Range: rangeToProto(query.Since, query.Until), LookbackDays: int32(lookback),
			ComputedAt: timestamppb.New(s.config.Now()), Warning: warningOf(project),
		}, nil
	})
}

// finish adds what was spent, sorts the rows, cuts them, and gives them names.
func (a *attributing) finish(ctx context.Context, req *microtrackerv1.QueryAttributionRequest, project *repo.Project) ([]*microtrackerv1.AttributionRow, error) {
	since, until, err := datesFromProto("", req.GetDays())
	if err != nil {
		return nil, err
	}
	hasSpend := !slices.Contains(a.dimensions, repo.AdSource) && !slices.Contains(a.dimensions, repo.AdPlacement)
	if hasSpend {
		spent, err := project.AdSpendBy(ctx, a.dimensions, since, until)
		if err != nil {
			return nil, err
		}
		for _, row := range spent {
			// What brought only sessions is in the answer with nothing spent on it; here it is no row.
			if of := strings.Join(row.Dimensions, "\x00"); a.rows[of] != nil || number(*row.Values[0]) != 0 {
				a.row(row.Dimensions).spend = row.Values[0]
			}
		}
	}
	by := attribution.Last
	if req.GetOrderBy() != microtrackerv1.AttributionModel_ATTRIBUTION_MODEL_UNSPECIFIED {
		by = attribution.Model(req.GetOrderBy() - 1)
	}
	rows := make([]*attributed, 0, len(a.rows))
	for _, row := range a.rows {
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(x, y *attributed) int {
		return cmp.Or(cmp.Compare(y.conversions[by], x.conversions[by]), slices.Compare(x.dimensions, y.dimensions))
	})
	var rest *attributed
	if most := orDefault(req.GetMaxRows(), defaultRows); len(rows) > most {
		rest = new(attributed)
		for _, row := range rows[most:] {
			rest.plus(row)
		}
		rows = rows[:most]
	}
	named := make([]repo.AdRow, len(rows))
	for i, row := range rows {
		named[i] = repo.AdRow{Dimensions: row.dimensions, Names: make([]string, len(row.dimensions))}
	}
	lookback := orDefault(req.GetLookbackDays(), defaultLookbackDays)
	if err := project.NameAds(ctx, a.dimensions, since.AddDate(0, 0, -lookback), until, named); err != nil {
		return nil, err
	}
	list := make([]*microtrackerv1.AttributionRow, 0, len(rows)+2)
	for i, row := range rows {
		list = append(list, row.toProto(microtrackerv1.AttributionRow_KIND_TOUCHED, adKeysToProto(named[i]), hasSpend))
	}
	if rest != nil {
		list = append(list, rest.toProto(microtrackerv1.AttributionRow_KIND_REST, nil, false))
	}
	return append(list, a.untouched.toProto(microtrackerv1.AttributionRow_KIND_UNTOUCHED, nil, false)), nil
}

func (a *attributed) toProto(kind microtrackerv1.AttributionRow_Kind, keys []*microtrackerv1.AdKey, hasSpend bool) *microtrackerv1.AttributionRow {
	res := &microtrackerv1.AttributionRow{Kind: kind, Dimensions: keys, TouchedConversions: a.touched}
	spend := new(big.Rat)
	if hasSpend {
		res.Spend = new("0.00")
		if a.spend != nil {
			spend.SetString(*a.spend)
			res.Spend = new(moneyText(*a.spend))
		}
	}
	for model := range attribution.Models {
		share := &microtrackerv1.AttributedShare{
			Model: modelToProto(model), Conversions: float64(a.conversions[model]) / attribution.Whole, Revenue: a.revenue[model].text(),
		}
		if spend.Sign() > 0 {
			roas, _ := new(big.Rat).Quo(a.revenue[model].rat(), spend).Float64()
			share.Roas = &roas
			if count := a.conversions[model]; count > 0 {
				share.Cpa = new(moneyText(new(big.Rat).Quo(spend, big.NewRat(count, attribution.Whole)).FloatString(moneyDecimals)))
			}
		}
		res.Shares = append(res.Shares, share)
	}
	return res
}

// modelToProto is the protocol's name of a model: they stand in the same order.
func modelToProto(model attribution.Model) microtrackerv1.AttributionModel {
	return microtrackerv1.AttributionModel(model + 1)
}

func (s adsServer) ExplainConversion(ctx context.Context, req *microtrackerv1.ExplainConversionRequest) (*microtrackerv1.ExplainConversionResponse, error) {
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	eventID, err := uuid.Parse(req.GetEventId())
	if err != nil {
		return nil, failField("event_id", "it must be a UUID")
	}
	lookback := orDefault(req.GetLookbackDays(), defaultLookbackDays)
	query := repo.AttributionQuery{Lookback: time.Duration(lookback) * 24 * time.Hour}
	if query.Conversions, err = adConversions(ctx, project, req.GetConversionIds()); err != nil {
		return nil, err
	}
	res := new(microtrackerv1.ExplainConversionResponse)
	return res, s.answerAds(ctx, req, project, query.Conversions, res, func(ctx context.Context) (proto.Message, error) {
		deal, ids, touches, err := project.ExplainDeal(ctx, query, eventID, req.GetSessionId())
		if err != nil {
			return nil, err
		}
		if len(touches) > mostTouchesOfOne {
			return nil, fmt.Errorf("%w: it has more than %d touches: ask with a shorter lookback", report.ErrUnsupported, mostTouchesOfOne)
		}
		res := &microtrackerv1.ExplainConversionResponse{
			EventId: deal.EventID.String(), SessionId: deal.SessionID, VisitorId: deal.VisitorID, Time: timeToProto(deal.At),
			Value: moneyText(deal.Value), Currency: project.Currency, ConversionIds: ids, LookbackDays: int32(lookback),
			Warning: warningOf(project),
		}
		res.Touches, err = touchesToProto(ctx, project, deal, touches)
		return res, err
	})
}

func touchesToProto(ctx context.Context, project *repo.Project, deal *repo.Deal, touches []repo.Touch) ([]*microtrackerv1.Touch, error) {
	if len(touches) == 0 {
		return nil, nil
	}
	named, times := make([]repo.AdRow, len(touches)), make([]time.Time, len(touches))
	for i, touch := range touches {
		times[i] = touch.At
		named[i] = repo.AdRow{Dimensions: []string{touch.Platform, touch.Campaign, touch.Adset, touch.Ad}, Names: make([]string, 4)}
	}
	err := project.NameAds(ctx, []repo.AdDimension{repo.AdPlatform, repo.AdCampaign, repo.AdAdset, repo.AdAd}, times[0], deal.At, named)
	if err != nil {
		return nil, err
	}
	list := make([]*microtrackerv1.Touch, len(touches))
	for i, touch := range touches {
		keys := adKeysToProto(named[i])
		list[i] = &microtrackerv1.Touch{
			SessionId: touch.SessionID, StartTime: timeToProto(touch.At), Platform: touch.Platform, Source: touch.Source,
			Campaign: keys[1], Adset: keys[2], Ad: keys[3], Placement: touch.Placement,
		}
	}
	units, millionths := worth(deal.Value)
	for model := range attribution.Models {
		shares := attribution.Shares(model, times)
		weights, parts := attribution.Split(attribution.Whole, shares), attribution.Split(units, shares)
		for i := range list {
			var revenue money
			revenue.add(parts[i] * millionths)
			list[i].Shares = append(list[i].Shares, &microtrackerv1.TouchShare{
				Model: modelToProto(model), Weight: float64(weights[i]) / attribution.Whole, Revenue: revenue.text(),
			})
		}
	}
	return list, nil
}
