package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/google/uuid"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/report"
	"github.com/microtracker/microtracker/server/ingest"
)

func (s reportingServer) ListSessions(ctx context.Context, req *microtrackerv1.ReportingServiceListSessionsRequest) (*microtrackerv1.ReportingServiceListSessionsResponse, error) {
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	list, places, err := visitListFromProto(req, project)
	if err != nil {
		return nil, err
	}
	list.Order = sessionOrderFromProto(req.GetOrder())
	list.After = places.place(0)
	visits, err := s.listVisits(ctx, project, func(ctx context.Context) ([]repo.Visit, error) { return project.ListSessions(ctx, list) })
	if err != nil {
		return nil, err
	}
	res := &microtrackerv1.ReportingServiceListSessionsResponse{}
	visits, res.NextPageToken = cutPage(req, visits, func(visit *repo.Visit) string { return placesText(visit.Session.Place(list.Order)) })
	show := viewOf(ctx)
	for i := range visits {
		res.Sessions = append(res.Sessions, show.session(&visits[i].Session, visits[i].Visitor))
	}
	return res, nil
}

func (s reportingServer) ListVisitors(ctx context.Context, req *microtrackerv1.ListVisitorsRequest) (*microtrackerv1.ListVisitorsResponse, error) {
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	list, places, err := visitListFromProto(req, project)
	if err != nil {
		return nil, err
	}
	list.After, list.Newest = places.place(0), places.place(1)
	visits, err := s.listVisits(ctx, project, func(ctx context.Context) ([]repo.Visit, error) { return project.ListVisitors(ctx, list) })
	if err != nil {
		return nil, err
	}
	newest := list.Newest
	if len(visits) > 0 && newest == (repo.SessionPlace{}) {
		newest = visits[0].Session.Place(repo.SessionsNewest)
	}
	res := &microtrackerv1.ListVisitorsResponse{}
	visits, res.NextPageToken = cutPage(req, visits, func(visit *repo.Visit) string {
		return placesText(visit.Session.Place(repo.SessionsNewest), newest)
	})
	show := viewOf(ctx)
	for i := range visits {
		res.Visitors = append(res.Visitors, &microtrackerv1.ListedVisitor{
			Visitor: show.visitor(visits[i].Visitor), LastSession: show.session(&visits[i].Session, visits[i].Visitor),
		})
	}
	return res, nil
}

func (s reportingServer) GetSession(ctx context.Context, req *microtrackerv1.GetSessionRequest) (*microtrackerv1.GetSessionResponse, error) {
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	page, err := afterPage(req, eventPlaceFromText)
	if err != nil {
		return nil, err
	}
	timeline, err := project.Timeline(ctx, req.GetSessionId(), page)
	if err != nil {
		return nil, visitError(err)
	}
	show := viewOf(ctx)
	res := &microtrackerv1.GetSessionResponse{
		Session: show.session(&timeline.Session, timeline.Visitor), Visitor: show.visitor(timeline.Visitor),
		PreviousSessionId: timeline.Previous, NextSessionId: timeline.Next,
	}
	events, next := cutPage(req, timeline.Events, func(event *repo.Event) string { return eventPlaceText(event.Place()) })
	res.NextPageToken = next
	for i := range events {
		event, err := show.event(&events[i])
		if err != nil {
			return nil, err
		}
		res.Events = append(res.Events, event)
	}
	return res, nil
}

func (s reportingServer) GetVisitor(ctx context.Context, req *microtrackerv1.GetVisitorRequest) (*microtrackerv1.GetVisitorResponse, error) {
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	show := viewOf(ctx)
	if req.GetVisitorKey() != "" && !show.identities {
		return nil, fail(connect.CodePermissionDenied, microtrackerv1.ErrorReason_ERROR_REASON_SCOPE_MISSING,
			"the credential may not look for visitors by their keys: it lacks "+scopeText(microtrackerv1.Scope_SCOPE_VISITORS_READ))
	}
	page, err := afterPage(req, func(text string) repo.SessionPlace { return placesFromText(text).place(0) })
	if err != nil {
		return nil, err
	}
	history, err := project.VisitorHistory(ctx, visitorRef(req), page)
	if err != nil {
		return nil, visitError(err)
	}
	totals := history.Totals
	res := &microtrackerv1.GetVisitorResponse{
		Visitor: show.visitor(&history.Visitor),
		Totals: &microtrackerv1.VisitorTotals{
			Sessions: totals.Sessions, Bounces: totals.Bounces, Pageviews: totals.Pageviews, InteractiveEvents: totals.InteractiveEvents,
			Duration: totals.DurationSeconds, EngagedTime: float64(totals.EngagedMS) / 1000,
		},
	}
	sessions, next := cutPage(req, history.Sessions, func(session *repo.TrackingSession) string {
		return placesText(session.Place(repo.SessionsNewest))
	})
	res.NextPageToken = next
	for i := range sessions {
		res.Sessions = append(res.Sessions, show.session(&sessions[i], &history.Visitor))
	}
	return res, nil
}

// visitListRequest is a request for a list of sessions or visitors.
type visitListRequest interface {
	paged
	ranged
	GetTimeZone() string
	GetFilter() *microtrackerv1.Filter
	GetBots() microtrackerv1.Bots
}

// visitListFromProto reads what is asked, and the places that the page token has.
func visitListFromProto(req visitListRequest, project *repo.Project) (repo.VisitList, places, error) {
	list := repo.VisitList{Query: report.Query{Bots: botsFromProto(req.GetBots())}}
	zone, err := zoneOf("time_zone", req.GetTimeZone(), project)
	if err != nil {
		return list, nil, err
	}
	if list.Query.Since, list.Query.Until, err = rangeFromProto(req, zone); err != nil {
		return list, nil, err
	}
	if list.Query.Filter, err = filterFromProto(req.GetFilter()); err != nil {
		return list, nil, err
	}
	page, err := afterPage(req, placesFromText)
	list.Limit = page.Limit
	return list, page.After, err
}

// listVisits reads a list when it is the project's turn.
func (s *Server) listVisits(ctx context.Context, project *repo.Project, read func(ctx context.Context) ([]repo.Visit, error)) ([]repo.Visit, error) {
	leave, err := s.reportTurns.enter(ctx, project.ID)
	if err != nil {
		return nil, err
	}
	defer leave()
	visits, err := read(ctx)
	return visits, visitError(err)
}

// visitError says of a list that takes too long what to ask instead.
func visitError(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return fail(connect.CodeDeadlineExceeded, microtrackerv1.ErrorReason_ERROR_REASON_QUERY_TOO_LONG,
			"the list takes too long: ask for a shorter range, by start, or without a filter on events")
	}
	return err
}

func sessionOrderFromProto(order microtrackerv1.SessionOrder) repo.SessionOrder {
	switch order {
	case microtrackerv1.SessionOrder_SESSION_ORDER_OLDEST:
		return repo.SessionsOldest
	case microtrackerv1.SessionOrder_SESSION_ORDER_LONGEST:
		return repo.SessionsLongest
	case microtrackerv1.SessionOrder_SESSION_ORDER_MOST_PAGEVIEWS:
		return repo.SessionsMostPageviews
	case microtrackerv1.SessionOrder_SESSION_ORDER_UNSPECIFIED, microtrackerv1.SessionOrder_SESSION_ORDER_NEWEST:
	}
	return repo.SessionsNewest
}

// places are what page tokens of these lists hold.
type places []repo.SessionPlace

// place returns the place at an index, zero where there is none.
func (p places) place(i int) repo.SessionPlace {
	if i >= len(p) {
		return repo.SessionPlace{}
	}
	return p[i]
}

func placesText(list ...repo.SessionPlace) string {
	texts := make([]string, len(list))
	for i, place := range list {
		texts[i] = strconv.FormatInt(place.Value, 10) + " " + strconv.FormatInt(place.ID, 10)
	}
	return strings.Join(texts, " ")
}

func placesFromText(text string) places {
	var list places
	numbers := strings.Fields(text) // made by us, or empty
	for i := 0; i+1 < len(numbers); i += 2 {
		list = append(list, repo.SessionPlace{Value: idFromText(numbers[i]), ID: idFromText(numbers[i+1])})
	}
	return list
}

// eventPlaceText and eventPlaceFromText are the key of a page of events.
func eventPlaceText(place repo.EventPlace) string {
	return fmt.Sprintf("%d %d %s", place.CreatedAt.UnixMicro(), place.Behind, place.EventID)
}

func eventPlaceFromText(text string) repo.EventPlace {
	parts := strings.Fields(text)
	if len(parts) != 3 {
		return repo.EventPlace{} // the first page
	}
	id, _ := uuid.Parse(parts[2]) // made by us
	return repo.EventPlace{CreatedAt: time.UnixMicro(idFromText(parts[0])).UTC(), Behind: int(idFromText(parts[1])), EventID: id}
}

// view is what a caller sees of visitors.
type view struct {
	// identities: also what recognises them elsewhere.
	identities bool
}

func viewOf(ctx context.Context) view {
	who := callerFrom(ctx)
	return view{identities: who.Session != nil || allows(who.Scopes, microtrackerv1.Scope_SCOPE_VISITORS_READ)}
}

// identity is text for those who may see it.
func (v view) identity(text string) string {
	if !v.identities {
		return ""
	}
	return text
}

// address is an address of a page: its query, which may carry a click id, is for those who may see that.
func (v view) address(url string) string {
	if !v.identities {
		url, _, _ = strings.Cut(url, "?")
	}
	return url
}

func (v view) visitor(visitor *repo.Visitor) *microtrackerv1.Visitor {
	res := &microtrackerv1.Visitor{
		Id: visitor.ID, IsCookieless: !ingest.ValidVisitorKey(visitor.VisitorKey), FirstSeenTime: timestamppb.New(visitor.FirstSeenAt),
		LastSeenTime: timestamppb.New(visitor.LastSeenAt), Sessions: int64(visitor.SessionsCount), IsBot: visitor.IsBot,
		TimeZone: visitor.Timezone, ViewportW: pixels(visitor.ViewportW), ViewportH: pixels(visitor.ViewportH),
		UserAgent: v.identity(visitor.UserAgent), FirstUtm: v.utmFromJSON(visitor.FirstUTM), LastUtm: v.utmFromJSON(visitor.LastUTM),
	}
	if !res.GetIsCookieless() {
		res.VisitorKey = v.identity(visitor.VisitorKey)
	}
	return res
}

// pixels are what an integer column holds.
func pixels(n int) int32 { return int32(n) }

// utmFromJSON reads what visitors.first_utm and last_utm keep; nil where there was no campaign.
func (v view) utmFromJSON(text json.RawMessage) *microtrackerv1.Utm {
	fields := map[string]string{}
	if len(text) == 0 || json.Unmarshal(text, &fields) != nil {
		return nil
	}
	utm := &microtrackerv1.Utm{}
	for name, value := range fields {
		switch name {
		case "utm_source":
			utm.Source = value
		case "utm_medium":
			utm.Medium = value
		case "utm_campaign_id":
			utm.CampaignId = value
		case "utm_campaign_name":
			utm.CampaignName = value
		case "utm_adset_id":
			utm.AdsetId = value
		case "utm_adset_name":
			utm.AdsetName = value
		case "utm_ad_id":
			utm.AdId = value
		case "utm_ad_name":
			utm.AdName = value
		case "utm_placement":
			utm.Placement = value
		case "utm_term":
			utm.Term = value
		case "utm_content":
			utm.Content = value
		case "click_id":
			utm.ClickId = v.identity(value)
		default:
			utm.ClickIdKind, utm.ClickId = name, v.identity(value)
		}
	}
	return utm
}

func (v view) session(session *repo.TrackingSession, visitor *repo.Visitor) *microtrackerv1.TrackingSession {
	res := &microtrackerv1.TrackingSession{
		Id: session.ID, VisitorId: session.VisitorID, StartTime: timestamppb.New(session.StartedAt),
		LastActivityTime: timestamppb.New(session.LastActivityAt), Duration: int64(session.DurationSeconds),
		LandingUrl: v.address(session.LandingURL), LandingReferrer: session.LandingReferrer, EntryPath: session.EntryPath, ExitPath: session.ExitPath,
		Pageviews: int64(session.Pageviews), InteractiveEvents: int64(session.InteractiveEvents),
		EngagedTime: float64(session.EngagedMS) / 1000, ScrollPct: session.ScrollPct, Pcqs: session.PCQS,
		IsBounce: session.IsBounce(), IsNewVisitor: !session.StartedAt.After(visitor.FirstSeenAt),
		Source: session.Source, Channel: session.Channel,
		Utm: &microtrackerv1.Utm{
			Source: session.UTMSource, Medium: session.UTMMedium, CampaignId: session.UTMCampaignID, CampaignName: session.UTMCampaignName,
			AdsetId: session.UTMAdsetID, AdsetName: session.UTMAdsetName, AdId: session.UTMAdID, AdName: session.UTMAdName,
			Placement: session.UTMPlacement, Term: session.UTMTerm, Content: session.UTMContent, ClickIdKind: session.ClickIDKind,
			ClickId: v.identity(session.ClickID),
		},
		HasMacro: session.HasMacro, SearchTerm: session.SearchTerm, Country: session.Country, Device: session.Device,
		Browser: session.Browser, Os: session.OS, BrowserVersion: session.BrowserVersion, OsVersion: session.OSVersion, TimeZone: visitor.Timezone, ViewportW: pixels(visitor.ViewportW),
		ViewportH: pixels(visitor.ViewportH), IsBot: session.IsBot, BotReason: session.BotReason,
	}
	if session.Country != "" && session.Region != "" {
		res.Region = session.Country + "-" + session.Region
	}
	if session.IsKeyed {
		res.SessionKey = v.identity(session.SessionKey)
	}
	return res
}

func (v view) event(event *repo.Event) (*microtrackerv1.TrackedEvent, error) {
	res := &microtrackerv1.TrackedEvent{
		EventId: event.EventID.String(), EventType: eventTypeFromName(event.EventType), Name: event.Name,
		CreateTime: timestamppb.New(event.CreatedAt), Url: v.address(event.URL), Path: event.Path, Title: event.Title, Referrer: v.address(event.Referrer),
		Selector: event.Selector, ScrollPct: event.ScrollPct, X: event.X, Y: event.Y, EngagedMs: event.EngagedMS,
		Value: decimalText(event.Value), Currency: event.Currency,
	}
	if event.PageViewID.Valid {
		res.PageViewId = event.PageViewID.UUID.String()
	}
	if len(event.Meta) > 0 {
		res.Meta = &structpb.Struct{}
		if err := protojson.Unmarshal(event.Meta, res.GetMeta()); err != nil {
			return nil, fmt.Errorf("read the properties of event %s: %w", res.GetEventId(), err)
		}
	}
	return res, nil
}
