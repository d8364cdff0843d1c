package server

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/report"
)

// adsServer serves AdsService.
type adsServer struct{ *Server }

func (s adsServer) SetAdAccount(ctx context.Context, req *microtrackerv1.SetAdAccountRequest) (*microtrackerv1.SetAdAccountResponse, error) {
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	if req.GetTimeZone() == "" {
		return &microtrackerv1.SetAdAccountResponse{}, project.DeleteAdAccount(ctx, req.GetPlatform())
	}
	if _, err := loadZone("time_zone", req.GetTimeZone()); err != nil {
		return nil, err
	}
	now := s.config.Now()
	account := &repo.AdAccount{Platform: req.GetPlatform(), TimeZone: req.GetTimeZone(), CreatedAt: now, UpdatedAt: now}
	err = project.SetAdAccount(ctx, account)
	if errors.Is(err, repo.ErrTooManyAdAccounts) {
		return nil, fail(connect.CodeFailedPrecondition, microtrackerv1.ErrorReason_ERROR_REASON_PRECONDITION,
			fmt.Sprintf("the project has %d ad accounts, the most that it may have: remove one first, by an empty time_zone", repo.MaxAdAccounts))
	}
	if err != nil {
		return nil, err
	}
	return &microtrackerv1.SetAdAccountResponse{Account: adAccountToProto(*account)}, nil
}

func (s adsServer) ListAdAccounts(ctx context.Context, req *microtrackerv1.ListAdAccountsRequest) (*microtrackerv1.ListAdAccountsResponse, error) {
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	accounts, err := project.AdAccounts(ctx)
	if err != nil {
		return nil, err
	}
	res := &microtrackerv1.ListAdAccountsResponse{DefaultTimeZone: project.TimeZone}
	for _, account := range accounts {
		res.Accounts = append(res.Accounts, adAccountToProto(account))
	}
	return res, nil
}

func adAccountToProto(account repo.AdAccount) *microtrackerv1.AdAccount {
	return &microtrackerv1.AdAccount{Platform: account.Platform, TimeZone: account.TimeZone, UpdateTime: timeToProto(account.UpdatedAt)}
}

// daysAlone is a range of days where the request has no other.
type daysAlone struct{ days *microtrackerv1.DayRange }

func (daysAlone) GetTimes() *microtrackerv1.TimeRange { return nil }
func (d daysAlone) GetDays() *microtrackerv1.DayRange { return d.days }

// adConversions are the conversions asked about: where none are named all of the project's, and where it has none events of type
// conversion.
func adConversions(ctx context.Context, project *repo.Project, ids []int64) ([]report.Conversion, error) {
	conversions, err := project.ReportConversions(ctx, ids)
	if errors.Is(err, repo.ErrNotFound) {
		return nil, failField("conversion_ids", "there is no such conversion in this project: see ListConversions")
	}
	if err == nil && len(conversions) == 0 {
		conversions = []report.Conversion{report.AnyConversion()}
	}
	return conversions, err
}

// answerAds fills res from the cache, or computes it in the project's turn. It is kept for a moment only: what ads cost is imported
// at any time.
func (s *Server) answerAds(ctx context.Context, req proto.Message, project *repo.Project, conversions []report.Conversion, res proto.Message, compute func(ctx context.Context) (proto.Message, error)) error {
	encoded, err := proto.MarshalOptions{Deterministic: true}.Marshal(req)
	if err != nil {
		return fmt.Errorf("name the question: %w", err)
	}
	name := sha256.Sum256(fmt.Appendf(encoded, "\x00%s\x00%s\x00%s\x00%s\x00%v",
		req.ProtoReflect().Descriptor().Name(), project.TimeZone, project.Currency, project.PrivacyMode, conversions))
	answer, err := s.cache.Get(ctx, project.CacheKey("ads:"+hex.EncodeToString(name[:])), freshLife, func(ctx context.Context) ([]byte, error) {
		leave, err := s.reportTurns.enter(ctx, project.ID)
		if err != nil {
			return nil, err
		}
		defer leave()
		computed, err := compute(ctx)
		if errors.Is(err, context.DeadlineExceeded) {
			return nil, fail(connect.CodeDeadlineExceeded, microtrackerv1.ErrorReason_ERROR_REASON_QUERY_TOO_LONG,
				"the question takes too long: ask for fewer days")
		}
		if err != nil {
			return nil, err
		}
		return proto.Marshal(computed)
	})
	if err != nil {
		return err
	}
	if err := proto.Unmarshal(answer, res); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	return nil
}

// The protocol's names of metrics and dimensions are the repository's.
func adMetricFromProto(metric microtrackerv1.AdMetric) repo.AdMetric {
	return repo.AdMetric(strings.ToLower(strings.TrimPrefix(metric.String(), "AD_METRIC_")))
}

func adDimensionsFromProto(dimensions []microtrackerv1.AdDimension) []repo.AdDimension {
	list := make([]repo.AdDimension, len(dimensions))
	for i, dimension := range dimensions {
		list[i] = adDimensionFromProto(dimension)
	}
	return list
}

func adDimensionFromProto(dimension microtrackerv1.AdDimension) repo.AdDimension {
	return repo.AdDimension(strings.ToLower(strings.TrimPrefix(dimension.String(), "AD_DIMENSION_")))
}

func adConditionsFromProto(conditions []*microtrackerv1.AdCondition) []repo.AdCondition {
	list := make([]repo.AdCondition, len(conditions))
	for i, condition := range conditions {
		list[i] = repo.AdCondition{
			Dimension: adDimensionFromProto(condition.GetDimension()), Operator: report.Operator(condition.GetOperator()), Values: condition.GetValues(),
		}
	}
	return list
}

// datesFromProto are the days as dates at midnight UTC.
func datesFromProto(field string, days *microtrackerv1.DayRange) (since, until time.Time, err error) {
	return instants(field, daysAlone{days}, time.UTC)
}

func (s adsServer) QueryAdPerformance(ctx context.Context, req *microtrackerv1.QueryAdPerformanceRequest) (*microtrackerv1.QueryAdPerformanceResponse, error) {
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	query, compared, err := adQueryFromProto(ctx, req, project)
	if err != nil {
		return nil, err
	}
	res := new(microtrackerv1.QueryAdPerformanceResponse)
	return res, s.answerAds(ctx, req, project, query.Conversions, res, func(ctx context.Context) (proto.Message, error) {
		query.Count = s.answers.CountAdSessions(project)
		if compared != nil {
			compared.Count = query.Count
		}
		answer, err := project.AdPerformance(ctx, *query, compared)
		if err != nil {
			return nil, err
		}
		res := &microtrackerv1.QueryAdPerformanceResponse{Currency: project.Currency, Days: req.GetDays(), ComputedAt: timestamppb.New(s.config.Now())}
		res.Totals = adRowToProto(query.Metrics, answer.Totals, answer.ComparedTotals)
		res.Totals.Dimensions = nil
		if compared != nil {
			res.ComparedDays = &microtrackerv1.DayRange{Since: compared.Since.Format(time.DateOnly), Until: compared.Until.Format(time.DateOnly)}
		}
		for i, row := range answer.Rows {
			var other *repo.AdRow
			if compared != nil {
				other = &answer.Compared[i]
			}
			res.Rows = append(res.Rows, adRowToProto(query.Metrics, row, other))
		}
		if answer.More {
			key, err := json.Marshal(answer.Rows[len(answer.Rows)-1])
			if err != nil {
				return nil, err
			}
			res.NextPageToken = nextPageToken(req, string(key))
		}
		return res, nil
	})
}

// adQueryFromProto is what QueryAdPerformance was asked, and the same of the days compared with, nil: none.
func adQueryFromProto(ctx context.Context, req *microtrackerv1.QueryAdPerformanceRequest, project *repo.Project) (query, compared *repo.AdQuery, err error) {
	query = &repo.AdQuery{
		Dimensions: adDimensionsFromProto(req.GetDimensions()), Conditions: adConditionsFromProto(req.GetConditions()),
		EveryConversion: req.GetEveryConversion(), Limit: pageSize(req, defaultRows),
	}
	for _, metric := range req.GetMetrics() {
		query.Metrics = append(query.Metrics, adMetricFromProto(metric))
	}
	if query.Since, query.Until, err = datesFromProto("", req.GetDays()); err != nil {
		return nil, nil, err
	}
	if query.Conversions, err = adConversions(ctx, project, req.GetConversionIds()); err != nil {
		return nil, nil, err
	}
	if order := req.GetOrderBy(); order != nil {
		by := repo.AdOrder{Descending: order.GetDescending()}
		if order.GetMetric() != microtrackerv1.AdMetric_AD_METRIC_UNSPECIFIED {
			by.Metric = adMetricFromProto(order.GetMetric())
		} else {
			by.Dimension = adDimensionFromProto(order.GetDimension())
		}
		if by.Metric != "" && !slices.Contains(query.Metrics, by.Metric) || by.Metric == "" && !slices.Contains(query.Dimensions, by.Dimension) {
			return nil, nil, failField("order_by", "it is not among what is asked for: add it there")
		}
		query.OrderBy = []repo.AdOrder{by}
	}
	if query.After, err = adRowAfter(req, len(query.Dimensions), len(query.Metrics)); err != nil {
		return nil, nil, err
	}
	comparison := req.GetComparison()
	if comparison == nil {
		return query, nil, nil
	}
	other := *query
	switch {
	case comparison.GetPreviousPeriod():
		other.Since, other.Until = query.Since.Add(-query.Until.Sub(query.Since)), query.Since
	case comparison.GetYearBefore():
		other.Since, other.Until = aYearBefore(query.Since, time.UTC), aYearBefore(query.Until, time.UTC)
	default:
		if other.Since, other.Until, err = datesFromProto("comparison.", comparison.GetDays()); err != nil {
			return nil, nil, err
		}
	}
	return query, &other, nil
}

// adRowAfter is the last row of the page before, nil on the first.
func adRowAfter(req paged, dimensions, values int) (*repo.AdRow, error) {
	after, err := afterPageToken(req)
	if err != nil || after == "" {
		return nil, err
	}
	row := new(repo.AdRow)
	if err := json.Unmarshal([]byte(after), row); err != nil || len(row.Dimensions) != dimensions || len(row.Values) != values {
		return nil, fail(connect.CodeInvalidArgument, microtrackerv1.ErrorReason_ERROR_REASON_PAGE_TOKEN_INVALID,
			"page_token: it was not made here; begin again without one")
	}
	return row, nil
}

func adRowToProto(metrics []repo.AdMetric, row repo.AdRow, compared *repo.AdRow) *microtrackerv1.AdRow {
	res := &microtrackerv1.AdRow{Dimensions: adKeysToProto(row), Metrics: adValuesToProto(metrics, row.Values)}
	if compared == nil {
		return res
	}
	res.Compared = adValuesToProto(metrics, compared.Values)
	for i, value := range row.Values {
		change := new(microtrackerv1.MetricValue)
		if value != nil && compared.Values[i] != nil {
			if now, then := number(*value), number(*compared.Values[i]); then != 0 {
				change.Value = &microtrackerv1.MetricValue_Number{Number: (now - then) / then}
			}
		}
		res.Change = append(res.Change, change)
	}
	return res
}

func adKeysToProto(row repo.AdRow) []*microtrackerv1.AdKey {
	keys := make([]*microtrackerv1.AdKey, len(row.Dimensions))
	for i, id := range row.Dimensions {
		keys[i] = &microtrackerv1.AdKey{Id: id}
		if i < len(row.Names) {
			keys[i].Name = row.Names[i]
		}
	}
	return keys
}

func adValuesToProto(metrics []repo.AdMetric, values []*string) []*microtrackerv1.AdValue {
	list := make([]*microtrackerv1.AdValue, len(values))
	for i, value := range values {
		list[i] = new(microtrackerv1.AdValue)
		if value == nil {
			continue
		}
		switch metrics[i] {
		case repo.AdSpent, repo.AdCPC, repo.AdCPM, repo.AdRevenue, repo.AdCPA, repo.AdCostPerQualitySession:
			list[i].Value = &microtrackerv1.AdValue_Money{Money: moneyText(*value)}
		default:
			list[i].Value = &microtrackerv1.AdValue_Number{Number: number(*value)}
		}
	}
	return list
}

// number reads a decimal number that the database wrote.
func number(text string) float64 {
	value, _ := strconv.ParseFloat(text, 64)
	return value
}

// moneyText is an amount as the database writes it, with two decimals at least and no zeros behind these: "9.90" for "9.900000".
func moneyText(amount string) string {
	whole, decimals, _ := strings.Cut(amount, ".")
	decimals = strings.TrimRight(decimals, "0")
	return whole + "." + decimals + strings.Repeat("0", max(0, 2-len(decimals)))
}

func (s adsServer) QueryClickLedger(ctx context.Context, req *microtrackerv1.QueryClickLedgerRequest) (*microtrackerv1.QueryClickLedgerResponse, error) {
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	query := repo.LedgerQuery{
		Conditions: adConditionsFromProto(req.GetConditions()), EveryConversion: req.GetEveryConversion(), Limit: pageSize(req, defaultRows),
	}
	if query.Since, query.Until, err = datesFromProto("", req.GetDays()); err != nil {
		return nil, err
	}
	if query.Conversions, err = adConversions(ctx, project, req.GetConversionIds()); err != nil {
		return nil, err
	}
	if query.After, err = adRowAfter(req, repo.LedgerDimensions, repo.LedgerMetrics); err != nil {
		return nil, err
	}
	res := new(microtrackerv1.QueryClickLedgerResponse)
	return res, s.answerAds(ctx, req, project, query.Conversions, res, func(ctx context.Context) (proto.Message, error) {
		rows, more, err := project.ClickLedger(ctx, query)
		if err != nil {
			return nil, err
		}
		res := &microtrackerv1.QueryClickLedgerResponse{Currency: project.Currency, ComputedAt: timestamppb.New(s.config.Now())}
		for i := range rows {
			res.Rows = append(res.Rows, ledgerRowToProto(&rows[i]))
		}
		if more {
			key, err := json.Marshal(rows[len(rows)-1].Key)
			if err != nil {
				return nil, err
			}
			res.NextPageToken = nextPageToken(req, string(key))
		}
		return res, nil
	})
}

func ledgerRowToProto(row *repo.LedgerRow) *microtrackerv1.LedgerRow {
	const (
		missing, macro  = microtrackerv1.LedgerReason_KIND_PARAMETERS_MISSING, microtrackerv1.LedgerReason_KIND_MACRO
		optedOut        = microtrackerv1.LedgerReason_KIND_OPTED_OUT
		bot, slow       = microtrackerv1.LedgerReason_KIND_BOT, microtrackerv1.LedgerReason_KIND_SLOW_PAGE
		clicks, landed  = microtrackerv1.LedgerStep_KIND_CLICKS, microtrackerv1.LedgerStep_KIND_LANDED
		human, engaged  = microtrackerv1.LedgerStep_KIND_HUMAN, microtrackerv1.LedgerStep_KIND_ENGAGED
		submitted, sold = microtrackerv1.LedgerStep_KIND_SUBMITTED, microtrackerv1.LedgerStep_KIND_CONVERTED
	)
	step := func(kind microtrackerv1.LedgerStep_Kind, count, before int64, reasons ...*microtrackerv1.LedgerReason) *microtrackerv1.LedgerStep {
		step := &microtrackerv1.LedgerStep{Kind: kind, Count: count, Lost: before - count}
		for _, reason := range reasons {
			if reason.GetCount() > 0 && step.GetLost() > 0 {
				step.Reasons = append(step.Reasons, reason)
			}
		}
		slices.SortStableFunc(step.GetReasons(), func(a, b *microtrackerv1.LedgerReason) int {
			return cmp.Or(cmp.Compare(b.GetCount(), a.GetCount()), strings.Compare(a.GetDetail(), b.GetDetail()))
		})
		return step
	}
	ofAll := func(kind microtrackerv1.LedgerReason_Kind, count int64) *microtrackerv1.LedgerReason {
		return &microtrackerv1.LedgerReason{Kind: kind, Count: count, OfAllAds: true}
	}
	bots := make([]*microtrackerv1.LedgerReason, 0, len(row.Bots))
	for reason, count := range row.Bots {
		bots = append(bots, &microtrackerv1.LedgerReason{Kind: bot, Count: count, Detail: reason})
	}
	return &microtrackerv1.LedgerRow{
		Platform: row.Platform, Day: row.Day, Campaign: &microtrackerv1.AdKey{Id: row.Campaign, Name: row.CampaignName},
		Adset: &microtrackerv1.AdKey{Id: row.Adset, Name: row.AdsetName}, Ad: &microtrackerv1.AdKey{Id: row.Ad, Name: row.AdName},
		Steps: []*microtrackerv1.LedgerStep{
			step(clicks, row.Clicks, row.Clicks),
			step(landed, row.Arrived, row.Clicks, ofAll(missing, row.Unidentified), ofAll(macro, row.Macros), ofAll(optedOut, row.OptOuts)),
			step(human, row.Landed, row.Arrived, bots...),
			step(engaged, row.Engaged, row.Landed, &microtrackerv1.LedgerReason{Kind: slow, Count: row.SlowBounces}),
			step(submitted, row.Submitted, row.Engaged),
			step(sold, row.Converted, row.Engaged),
		},
		Spend: moneyText(row.Spend), Bounces: row.Bounces, FormSubmits: row.FormSubmits, Conversions: row.Conversions, Revenue: moneyText(row.Revenue),
	}
}
