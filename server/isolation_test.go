package server_test

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/repo/repotest"
	"github.com/microtracker/microtracker/server/identity"
)

// expectation is what the isolation test knows of an RPC, written down apart from the protos: an RPC that is not here,
// or that declares something else, fails.
type expectation struct {
	who   string // anyone, project key, user, operator, project
	scope microtrackerv1.Scope
	// byKeys: a project's keys may call it, given the scope.
	byKeys bool
	// instance: an operator may call it without a project, for the whole instance. There what belongs to the other party
	// exists, so that its request succeeds.
	instance bool
	// request is valid for an opened project or a signed-in user, and harmless.
	request func(f *fixture) proto.Message
	// allowed is what it answers when access is granted; 0 is success.
	allowed connect.Code
}

func expectations() map[string]expectation {
	const (
		accountRead, accountWrite   = microtrackerv1.Scope_SCOPE_ACCOUNT_READ, microtrackerv1.Scope_SCOPE_ACCOUNT_WRITE
		projectsRead, projectsWrite = microtrackerv1.Scope_SCOPE_PROJECTS_READ, microtrackerv1.Scope_SCOPE_PROJECTS_WRITE
		keysRead, keysWrite         = microtrackerv1.Scope_SCOPE_API_KEYS_READ, microtrackerv1.Scope_SCOPE_API_KEYS_WRITE
		reportsRead                 = microtrackerv1.Scope_SCOPE_REPORTS_READ
		trackWrite                  = microtrackerv1.Scope_SCOPE_TRACK_WRITE
		jobsRead, jobsWrite         = microtrackerv1.Scope_SCOPE_JOBS_READ, microtrackerv1.Scope_SCOPE_JOBS_WRITE
		adsRead, adsWrite           = microtrackerv1.Scope_SCOPE_ADS_READ, microtrackerv1.Scope_SCOPE_ADS_WRITE
	)
	invalid, notFound := connect.CodeInvalidArgument, connect.CodeNotFound
	return map[string]expectation{
		"AuthService.Register":             {who: "anyone"},
		"AuthService.VerifyEmail":          {who: "anyone"},
		"AuthService.Login":                {who: "anyone"},
		"AuthService.Logout":               {who: "anyone"},
		"AuthService.RequestPasswordReset": {who: "anyone"},
		"AuthService.ResetPassword":        {who: "anyone"},
		"AuthService.ResendVerification":   {who: "user", scope: accountWrite},
		"AuthService.GetCurrentUser":       {who: "user", scope: accountRead},
		"AuthService.UpdateCurrentUser": {who: "user", scope: accountWrite, request: func(*fixture) proto.Message {
			return &microtrackerv1.UpdateCurrentUserRequest{Name: "Still me"}
		}},
		"AuthService.ChangePassword": {who: "user", scope: accountWrite, allowed: invalid, request: func(*fixture) proto.Message {
			return &microtrackerv1.ChangePasswordRequest{CurrentPassword: "a wrong one", NewPassword: goodPassword}
		}},
		"AuthService.ListSessions": {who: "user", scope: accountRead},
		"AuthService.RevokeSession": {who: "user", scope: accountWrite, allowed: notFound, request: func(f *fixture) proto.Message {
			return &microtrackerv1.RevokeSessionRequest{Which: &microtrackerv1.RevokeSessionRequest_SessionId{SessionId: f.third.session}}
		}},
		"AuthService.CreateToken": {who: "user", scope: accountWrite, request: func(*fixture) proto.Message {
			return &microtrackerv1.CreateTokenRequest{Name: "t", Abilities: []microtrackerv1.Scope{accountWrite}}
		}},
		"AuthService.ListTokens": {who: "user", scope: accountRead},
		"AuthService.RevokeToken": {who: "user", scope: accountWrite, allowed: notFound, request: func(f *fixture) proto.Message {
			return &microtrackerv1.RevokeTokenRequest{TokenId: f.third.tokenID}
		}},
		"AuthService.DeleteAccount": {who: "user", scope: accountWrite, allowed: invalid, request: func(*fixture) proto.Message {
			return &microtrackerv1.DeleteAccountRequest{Password: "a wrong one"}
		}},

		"ProjectsService.CreateProject": {who: "user", scope: projectsWrite, request: func(f *fixture) proto.Message {
			return &microtrackerv1.CreateProjectRequest{Name: f.newName()}
		}},
		"ProjectsService.ListProjects":    {who: "user", scope: projectsRead},
		"ProjectsService.GetProject":      {who: "project", scope: projectsRead, byKeys: true},
		"ProjectsService.GetInstallation": {who: "project", scope: projectsRead, byKeys: true},
		"ProjectsService.UpdateProject": {who: "project", scope: projectsWrite, request: func(*fixture) proto.Message {
			return &microtrackerv1.UpdateProjectRequest{UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"description"}}}
		}},
		"ProjectsService.DeleteProject": {who: "project", scope: projectsWrite, allowed: invalid},
		"ProjectsService.RotateKeys": {who: "project", scope: projectsWrite, request: func(*fixture) proto.Message {
			return &microtrackerv1.RotateKeysRequest{Key: microtrackerv1.ProjectKey_PROJECT_KEY_PUBLIC}
		}},

		"ApiKeysService.CreateApiKey": {who: "project", scope: keysWrite, request: func(*fixture) proto.Message {
			return &microtrackerv1.CreateApiKeyRequest{Name: "k", Scope: []microtrackerv1.Scope{reportsRead}}
		}},
		"ApiKeysService.ListApiKeys": {who: "project", scope: keysRead},
		"ApiKeysService.UpdateApiKey": {who: "project", scope: keysWrite, request: func(f *fixture) proto.Message {
			return &microtrackerv1.UpdateApiKeyRequest{
				ApiKeyId: f.spareKey(), Name: "renamed", UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"name"}},
			}
		}},
		"ApiKeysService.RotateApiKey": {who: "project", scope: keysWrite, request: func(f *fixture) proto.Message {
			return &microtrackerv1.RotateApiKeyRequest{ApiKeyId: f.spareKey()}
		}},
		"ApiKeysService.DeleteApiKey": {who: "project", scope: keysWrite, request: func(f *fixture) proto.Message {
			return &microtrackerv1.DeleteApiKeyRequest{ApiKeyId: f.spareKey()}
		}},

		"TrackingService.Track": {who: "project key", scope: trackWrite},
		"TrackingService.TrackStream": {who: "project", scope: trackWrite, byKeys: true, request: func(*fixture) proto.Message {
			return &microtrackerv1.TrackStreamRequest{StreamId: "s"}
		}},
		"TrackingService.ListRefusedEvents": {who: "project", scope: trackWrite, byKeys: true},
		"TrackingService.ListOptOuts":       {who: "project", scope: reportsRead, byKeys: true},
		"TrackingService.ExportVisitor": {
			who: "project", scope: microtrackerv1.Scope_SCOPE_VISITORS_READ, byKeys: true, allowed: notFound,
			request: func(f *fixture) proto.Message {
				return &microtrackerv1.ExportVisitorRequest{Visitor: &microtrackerv1.ExportVisitorRequest_VisitorId{VisitorId: f.theirVisitor()}}
			},
		},
		"TrackingService.EraseVisitor": {
			who: "project", scope: microtrackerv1.Scope_SCOPE_VISITORS_ERASE, byKeys: true, allowed: notFound,
			request: func(f *fixture) proto.Message {
				return &microtrackerv1.EraseVisitorRequest{Visitor: &microtrackerv1.EraseVisitorRequest_VisitorId{VisitorId: f.theirVisitor()}}
			},
		},

		"ReportingService.Query": {who: "project", scope: reportsRead, byKeys: true, request: func(*fixture) proto.Message {
			return &microtrackerv1.QueryRequest{Range: today(), Metrics: []microtrackerv1.Metric{microtrackerv1.Metric_METRIC_VISITORS}}
		}},
		"ReportingService.GetCapabilities": {who: "user", scope: reportsRead},
		"ReportingService.ListDailyRollups": {who: "project", scope: reportsRead, byKeys: true, request: func(*fixture) proto.Message {
			return &microtrackerv1.ListDailyRollupsRequest{Days: &microtrackerv1.DayRange{Since: "2026-01-01", Until: "2026-01-03"}}
		}},
		"ReportingService.RebuildDailyRollups": {who: "project", scope: jobsWrite, byKeys: true, request: func(*fixture) proto.Message {
			return &microtrackerv1.RebuildDailyRollupsRequest{Days: &microtrackerv1.DayRange{Since: "2026-01-01", Until: "2026-01-03"}}
		}},
		"ReportingService.QueryFunnel": {who: "project", scope: reportsRead, byKeys: true, request: func(*fixture) proto.Message {
			return funnelRequest()
		}},
		"ReportingService.QueryRetention": {who: "project", scope: reportsRead, byKeys: true, request: func(*fixture) proto.Message {
			return &microtrackerv1.QueryRetentionRequest{
				Range: &microtrackerv1.QueryRetentionRequest_Days{Days: these()}, Period: microtrackerv1.RetentionPeriod_RETENTION_PERIOD_DAY,
			}
		}},
		"ReportingService.QueryPaths": {who: "project", scope: reportsRead, byKeys: true, request: func(*fixture) proto.Message {
			return &microtrackerv1.QueryPathsRequest{
				Range: &microtrackerv1.QueryPathsRequest_Days{Days: these()}, Direction: microtrackerv1.PathDirection_PATH_DIRECTION_NEXT,
			}
		}},
		"ReportingService.QueryHeatmap": {who: "project", scope: reportsRead, byKeys: true, request: func(*fixture) proto.Message {
			return &microtrackerv1.QueryHeatmapRequest{Range: &microtrackerv1.QueryHeatmapRequest_Days{Days: these()}, Path: "/"}
		}},
		"ReportingService.WatchLive":    {who: "project", scope: reportsRead, byKeys: true},
		"ReportingService.ExportEvents": {who: "project", scope: reportsRead, byKeys: true},
		"ReportingService.CreateExport": {who: "project", scope: reportsRead, byKeys: true, allowed: connect.CodeFailedPrecondition, request: func(f *fixture) proto.Message {
			f.fillExports()
			return &microtrackerv1.CreateExportRequest{}
		}},
		"ReportingService.GetExport": {who: "project", scope: reportsRead, byKeys: true, allowed: notFound, request: func(f *fixture) proto.Message {
			return &microtrackerv1.GetExportRequest{ExportId: f.theirExport()}
		}},
		"ReportingService.ListExports": {who: "project", scope: reportsRead, byKeys: true},
		"ReportingService.DownloadExport": {who: "project", scope: reportsRead, byKeys: true, allowed: notFound, request: func(f *fixture) proto.Message {
			return &microtrackerv1.DownloadExportRequest{ExportId: f.theirExport()}
		}},
		"ReportingService.DeleteExport": {who: "project", scope: reportsRead, byKeys: true, allowed: notFound, request: func(f *fixture) proto.Message {
			return &microtrackerv1.DeleteExportRequest{ExportId: f.theirExport()}
		}},
		"ReportingService.ListSessions": {who: "project", scope: reportsRead, byKeys: true, request: func(*fixture) proto.Message {
			return &microtrackerv1.ReportingServiceListSessionsRequest{
				Range: &microtrackerv1.ReportingServiceListSessionsRequest_Days{Days: today().Days},
			}
		}},
		"ReportingService.GetSession": {who: "project", scope: reportsRead, byKeys: true, allowed: notFound, request: func(f *fixture) proto.Message {
			return &microtrackerv1.GetSessionRequest{SessionId: f.theirSession()}
		}},
		"ReportingService.ListVisitors": {who: "project", scope: reportsRead, byKeys: true, request: func(*fixture) proto.Message {
			return &microtrackerv1.ListVisitorsRequest{Range: &microtrackerv1.ListVisitorsRequest_Days{Days: today().Days}}
		}},
		"ReportingService.GetVisitor": {who: "project", scope: reportsRead, byKeys: true, allowed: notFound, request: func(f *fixture) proto.Message {
			return &microtrackerv1.GetVisitorRequest{Which: &microtrackerv1.GetVisitorRequest_VisitorId{VisitorId: f.theirVisitor()}}
		}},
		"ReportingService.CreateConversion": {who: "project", scope: projectsWrite, request: func(f *fixture) proto.Message {
			return &microtrackerv1.CreateConversionRequest{Name: f.newName(), EventName: "signup"}
		}},
		"ReportingService.ListConversions": {who: "project", scope: reportsRead, byKeys: true},
		"ReportingService.UpdateConversion": {who: "project", scope: projectsWrite, allowed: notFound, request: func(f *fixture) proto.Message {
			return &microtrackerv1.UpdateConversionRequest{
				ConversionId: f.theirConversion(), Value: "1", UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"value"}},
			}
		}},
		"ReportingService.DeleteConversion": {who: "project", scope: projectsWrite, allowed: notFound, request: func(f *fixture) proto.Message {
			return &microtrackerv1.DeleteConversionRequest{ConversionId: f.theirConversion()}
		}},

		"AdsService.ListAdAccounts": {who: "project", scope: adsRead, byKeys: true},
		"AdsService.ListAds":        {who: "project", scope: adsRead, byKeys: true},
		"AdsService.ListAdSpend": {who: "project", scope: adsRead, byKeys: true, request: func(*fixture) proto.Message {
			return &microtrackerv1.ListAdSpendRequest{Days: these()}
		}},
		"AdsService.ListAdFindings": {who: "project", scope: adsRead, byKeys: true},
		"AdsService.BuildTrackingUrl": {who: "project", scope: adsRead, byKeys: true, request: func(*fixture) proto.Message {
			return &microtrackerv1.BuildTrackingUrlRequest{Platform: "google", PageUrl: "https://example.com/"}
		}},
		"AdsService.LintTrackingUrl": {who: "project", scope: adsRead, byKeys: true, request: func(*fixture) proto.Message {
			return &microtrackerv1.LintTrackingUrlRequest{Url: "https://example.com/"}
		}},
		"AdsService.ImportSpend": {who: "project", scope: adsWrite, byKeys: true, request: func(*fixture) proto.Message {
			return &microtrackerv1.ImportSpendRequest{DryRun: true, Rows: []*microtrackerv1.SpendInput{{Spend: &microtrackerv1.AdSpend{AdId: "1"}}}}
		}},
		"AdsService.CreateSpendImport": {who: "project", scope: adsWrite, byKeys: true, allowed: connect.CodeFailedPrecondition, request: func(f *fixture) proto.Message {
			f.fillSpendImports()
			return &microtrackerv1.CreateSpendImportRequest{FileName: "october.csv"}
		}},
		"AdsService.UploadSpendChunk": {who: "project", scope: adsWrite, byKeys: true, allowed: notFound, request: func(f *fixture) proto.Message {
			return &microtrackerv1.UploadSpendChunkRequest{ImportId: f.theirSpendImport(), Data: []byte("x")}
		}},
		"AdsService.CheckSpendImport": {who: "project", scope: adsWrite, byKeys: true, allowed: notFound, request: func(f *fixture) proto.Message {
			return &microtrackerv1.CheckSpendImportRequest{ImportId: f.theirSpendImport()}
		}},
		"AdsService.GetSpendImport": {who: "project", scope: adsRead, byKeys: true, allowed: notFound, request: func(f *fixture) proto.Message {
			return &microtrackerv1.GetSpendImportRequest{ImportId: f.theirSpendImport()}
		}},
		"AdsService.ListSpendImports": {who: "project", scope: adsRead, byKeys: true},
		"AdsService.ListSpendImportRows": {who: "project", scope: adsRead, byKeys: true, allowed: notFound, request: func(f *fixture) proto.Message {
			return &microtrackerv1.ListSpendImportRowsRequest{ImportId: f.theirSpendImport()}
		}},
		"AdsService.StartSpendImport": {who: "project", scope: adsWrite, byKeys: true, allowed: notFound, request: func(f *fixture) proto.Message {
			return &microtrackerv1.StartSpendImportRequest{ImportId: f.theirSpendImport()}
		}},
		"AdsService.CancelSpendImport": {who: "project", scope: adsWrite, byKeys: true, allowed: notFound, request: func(f *fixture) proto.Message {
			return &microtrackerv1.CancelSpendImportRequest{ImportId: f.theirSpendImport()}
		}},
		"AdsService.UndoSpendImport": {who: "project", scope: adsWrite, byKeys: true, allowed: notFound, request: func(f *fixture) proto.Message {
			return &microtrackerv1.UndoSpendImportRequest{ImportId: f.theirSpendImport()}
		}},
		"AdsService.UpsertAds": {who: "project", scope: adsWrite, byKeys: true, request: func(*fixture) proto.Message {
			return &microtrackerv1.UpsertAdsRequest{Ads: []*microtrackerv1.Ad{{AdId: "1", Platform: "google"}}}
		}},
		"AdsService.SetAdAccount": {who: "project", scope: adsWrite, byKeys: true, request: func(*fixture) proto.Message {
			return &microtrackerv1.SetAdAccountRequest{Platform: "google", TimeZone: "Asia/Tokyo"}
		}},
		"AdsService.QueryAdPerformance": {who: "project", scope: adsRead, byKeys: true, request: func(*fixture) proto.Message {
			return &microtrackerv1.QueryAdPerformanceRequest{Days: these(), Metrics: []microtrackerv1.AdMetric{microtrackerv1.AdMetric_AD_METRIC_SPEND}}
		}},
		"AdsService.QueryAttribution": {who: "project", scope: adsRead, byKeys: true, request: func(*fixture) proto.Message {
			return &microtrackerv1.QueryAttributionRequest{Days: these()}
		}},
		"AdsService.ExplainConversion": {who: "project", scope: adsRead, byKeys: true, allowed: notFound, request: func(*fixture) proto.Message {
			return &microtrackerv1.ExplainConversionRequest{EventId: "00000000-0000-4000-8000-000000000001"}
		}},
		"AdsService.QueryClickLedger": {who: "project", scope: adsRead, byKeys: true, request: func(*fixture) proto.Message {
			return &microtrackerv1.QueryClickLedgerRequest{Days: these()}
		}},

		"JobsService.ListJobs":       {who: "project", scope: jobsRead, byKeys: true, instance: true},
		"JobsService.ListBatches":    {who: "project", scope: jobsRead, byKeys: true, instance: true},
		"JobsService.ListFailedJobs": {who: "project", scope: jobsRead, byKeys: true, instance: true},
		"JobsService.GetJob": {who: "project", scope: jobsRead, byKeys: true, instance: true, allowed: notFound, request: func(f *fixture) proto.Message {
			return &microtrackerv1.GetJobRequest{JobId: f.theirJob()}
		}},
		"JobsService.CancelJob": {who: "project", scope: jobsWrite, byKeys: true, instance: true, allowed: notFound, request: func(f *fixture) proto.Message {
			return &microtrackerv1.CancelJobRequest{JobId: f.theirJob()}
		}},
		"JobsService.GetBatch": {who: "project", scope: jobsRead, byKeys: true, instance: true, allowed: notFound, request: func(f *fixture) proto.Message {
			return &microtrackerv1.GetBatchRequest{BatchId: f.theirBatch()}
		}},
		"JobsService.CancelBatch": {who: "project", scope: jobsWrite, byKeys: true, instance: true, allowed: notFound, request: func(f *fixture) proto.Message {
			return &microtrackerv1.CancelBatchRequest{BatchId: f.theirBatch()}
		}},
		"JobsService.GetFailedJob": {who: "project", scope: jobsRead, byKeys: true, instance: true, allowed: notFound, request: func(f *fixture) proto.Message {
			return &microtrackerv1.GetFailedJobRequest{FailedJobId: f.theirFailedJob()}
		}},
		"JobsService.RetryFailedJob": {who: "project", scope: jobsWrite, byKeys: true, instance: true, allowed: notFound, request: func(f *fixture) proto.Message {
			return &microtrackerv1.RetryFailedJobRequest{FailedJobId: f.theirFailedJob()}
		}},
		"JobsService.RetryFailedJobs": {who: "project", scope: jobsWrite, byKeys: true, instance: true, request: func(*fixture) proto.Message {
			return &microtrackerv1.RetryFailedJobsRequest{Queue: "nobody's"} // else it retries those of the other tests
		}},
		"JobsService.DiscardFailedJob": {who: "project", scope: jobsWrite, byKeys: true, instance: true, allowed: notFound, request: func(f *fixture) proto.Message {
			return &microtrackerv1.DiscardFailedJobRequest{FailedJobId: f.theirFailedJob()}
		}},
		"JobsService.ListSchedules": {who: "operator", scope: jobsRead},
		"JobsService.GetQueues":     {who: "operator", scope: jobsRead},
	}
}

// party is an account with a project and everything that opens it.
type party struct {
	user    *repo.User
	project *repo.Project
	cookie  string
	session string
	token   string
	tokenID int64
	apiKey  string
	secret  string
	// rotatedAPIKey and rotatedSecret were the keys before these.
	rotatedAPIKey, rotatedSecret string
}

// fixture is two parties that must not see each other, and mine's dead and weak credentials.
type fixture struct {
	t            *testing.T
	w            *world
	mine, theirs party
	// third is somebody whose sessions and tokens are neither's.
	third party
	// operator is an operator of the instance, who has no role in either's project.
	operator party
	names    int
	// addresses is how many addresses have called: each call comes from its own, since wrong keys are counted by it.
	addresses int
}

func (f *fixture) newName() string {
	f.names++
	return fmt.Sprintf("%s project %d", f.t.Name(), f.names)
}

func (f *fixture) spareKey() int64 {
	key := &repo.APIKey{Name: "spare", Scope: "*", SecretPrefix: "spare", SecretLast4: "....", SecretHash: "none", IsActive: true}
	if err := f.mine.project.CreateAPIKey(f.t.Context(), key); err != nil {
		f.t.Fatal(err)
	}
	return key.ID
}

// theirVisitor is a visitor of the other party's project, who nobody else's credential may find.
func (f *fixture) theirVisitor() int64 {
	f.t.Helper()
	status, answer := f.w.post(f.t, "/microtracker.v1.TrackingService/Track",
		`{"projectKey":"`+f.theirs.project.PublicKey+`","events":[{"eventType":1}]}`, map[string]string{"User-Agent": chrome})
	if status != 200 {
		f.t.Fatalf("%d %v", status, answer)
	}
	return repotest.Number(f.t, f.w.databaseURL, "SELECT max(id) FROM visitors WHERE project_id = $1", f.theirs.project.ID)
}

// fillExports has mine keep as many exports as it may.
func (f *fixture) fillExports() {
	f.t.Helper()
	repotest.Exec(f.t, f.w.databaseURL, `INSERT INTO exports (project_id, batch_id, columns, question, settled_id, created_at, expires_at)
		SELECT $1, '', '{}', '{}', 0, now(), now() + interval '1 day' FROM generate_series(1, $2)`, f.mine.project.ID, repo.MaxExports)
}

// theirExport is an export of the other party.
func (f *fixture) theirExport() int64 {
	f.t.Helper()
	repotest.Exec(f.t, f.w.databaseURL, `INSERT INTO exports (project_id, batch_id, columns, question, settled_id, created_at, expires_at)
		VALUES ($1, '', '{}', '{}', 0, now(), now() + interval '1 day')`, f.theirs.project.ID)
	return repotest.Number(f.t, f.w.databaseURL, "SELECT max(id) FROM exports WHERE project_id = $1", f.theirs.project.ID)
}

// theirJob, theirBatch and theirFailedJob are made anew for each call, which may end them.
func (f *fixture) theirJob() int64 {
	f.t.Helper()
	return enqueue(f.t, f.w.store, newJob(f.t, f.theirs.project.ID))
}

func (f *fixture) theirBatch() string {
	f.t.Helper()
	job := newJob(f.t, f.theirs.project.ID)
	batch, err := f.w.store.CreateBatch(f.t.Context(), repo.NewBatch{Name: "b", ProjectID: job.ProjectID, Jobs: []repo.NewJob{job}})
	if err != nil {
		f.t.Fatal(err)
	}
	return batch.ID
}

func (f *fixture) theirFailedJob() int64 {
	f.t.Helper()
	return failJob(f.t, f.w, newJob(f.t, f.theirs.project.ID), "it broke")
}

// theirSession is a session of the other party's project.
func (f *fixture) theirSession() int64 {
	f.t.Helper()
	return repotest.Number(f.t, f.w.databaseURL, "SELECT max(id) FROM tracking_sessions WHERE project_id = $1 AND visitor_id = $2",
		f.theirs.project.ID, f.theirVisitor())
}

// theirConversion is a conversion of the other party's project.
func (f *fixture) theirConversion() int64 {
	f.t.Helper()
	conversion := &repo.Conversion{Name: f.newName(), EventName: "signup", CreatedAt: time.Now(), UpdatedAt: time.Now()}
	if err := f.theirs.project.CreateConversion(f.t.Context(), conversion); err != nil {
		f.t.Fatal(err)
	}
	return conversion.ID
}

// theirSpendImport is an import of the other party's project.
func (f *fixture) theirSpendImport() int64 {
	f.t.Helper()
	made := &repo.SpendImport{}
	imported, err := f.theirs.project.ImportSpendRows(f.t.Context(), made, []repo.SpendRow{{Line: 1, Outcome: repo.SpendLeftOut}}, false, false, time.Now())
	if err != nil || !imported {
		f.t.Fatal(imported, err)
	}
	return made.ID
}

// fillSpendImports begins as many imports as a project may have under way, so that each call of the test has the same answer.
func (f *fixture) fillSpendImports() {
	f.t.Helper()
	for {
		_, err := f.mine.project.CreateSpendImport(f.t.Context(), "f.csv", time.Now())
		if errors.Is(err, repo.ErrTooManySpendImports) {
			return
		}
		if err != nil {
			f.t.Fatal(err)
		}
	}
}

func newFixture(t *testing.T, w *world) *fixture {
	t.Helper()
	f := &fixture{t: t, w: w}
	f.mine, f.theirs, f.third, f.operator = f.party(), f.party(), f.party(), f.party()
	if err := w.store.SetUserOperator(t.Context(), f.operator.user.ID, true); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *fixture) party() party {
	f.t.Helper()
	user := repotest.User(f.t, f.w.store)
	if err := f.w.store.VerifyUserEmail(f.t.Context(), user.Email, time.Now()); err != nil {
		f.t.Fatal(err)
	}
	p := party{user: user, project: repotest.ProjectOf(f.t, f.w.store, user)}
	var value string
	value, p.session = identity.NewSessionToken()
	p.cookie = "mt_session=" + value
	err := f.w.store.CreateSession(f.t.Context(), &repo.Session{ID: p.session, UserID: user.ID, Payload: "{}", LastActivity: time.Now().Unix()})
	if err != nil {
		f.t.Fatal(err)
	}
	p.token, p.tokenID = f.tokenOf(user, `["*"]`, time.Time{})
	p.apiKey = f.apiKeyOf(p.project, "*", true)
	p.rotatedAPIKey = f.rotate(p.project, f.apiKeyOf(p.project, "*", true))
	for _, shown := range []*string{&p.rotatedSecret, &p.secret} {
		secret := identity.New(identity.SecretKey)
		if err := p.project.RotateSecretKey(f.t.Context(), secret.SHA256(), time.Now(), time.Now()); err != nil {
			f.t.Fatal(err)
		}
		*shown = secret.Reveal()
	}
	return p
}

// rotate gives the project's newest key, whose secret is old, another secret, and returns the old one.
func (f *fixture) rotate(project *repo.Project, old string) string {
	f.t.Helper()
	keys, err := project.APIKeys(f.t.Context(), repo.Page[int64]{Limit: 1})
	if err != nil {
		f.t.Fatal(err)
	}
	// The worst case: the new secret begins and ends as the old one did.
	hash, err := f.w.passwords.Hash(f.t.Context(), identity.New(identity.APIKey).Reveal())
	if err != nil {
		f.t.Fatal(err)
	}
	keys[0].SecretHash = hash
	if err := project.SaveAPIKey(f.t.Context(), &keys[0]); err != nil {
		f.t.Fatal(err)
	}
	return old
}

func (f *fixture) tokenOf(user *repo.User, abilities string, expires time.Time) (string, int64) {
	f.t.Helper()
	secret := identity.New(identity.PersonalAccessToken)
	token := &repo.PersonalAccessToken{Name: "t", Token: secret.SHA256(), Abilities: abilities, ExpiresAt: expires}
	if err := f.w.store.CreateToken(f.t.Context(), user.ID, token); err != nil {
		f.t.Fatal(err)
	}
	return secret.Reveal(), token.ID
}

func (f *fixture) apiKeyOf(project *repo.Project, scope string, active bool) string {
	f.t.Helper()
	secret := identity.New(identity.APIKey)
	hash, err := f.w.passwords.Hash(f.t.Context(), secret.Reveal())
	if err != nil {
		f.t.Fatal(err)
	}
	key := &repo.APIKey{
		Name: "k", Scope: scope, SecretPrefix: secret.Prefix(), SecretLast4: secret.Last4(), SecretHash: hash, IsActive: active,
	}
	if err := project.CreateAPIKey(f.t.Context(), key); err != nil {
		f.t.Fatal(err)
	}
	return secret.Reveal()
}

// credential is one way to present oneself, with the verdict on a call of an RPC that asks for e.
type credential struct {
	name    string
	headers map[string]string
	verdict func(e expectation) connect.Code
}

const unauthenticated, denied, notFound = connect.CodeUnauthenticated, connect.CodePermissionDenied, connect.CodeNotFound

// credentials are all kinds, presented to mine's project.
func (f *fixture) credentials(e expectation) []credential {
	f.t.Helper()
	bearer := func(secret string) map[string]string { return map[string]string{"Authorization": "Bearer " + secret} }
	always := func(code connect.Code) func(expectation) connect.Code {
		return func(expectation) connect.Code { return code }
	}
	granted := func(e expectation) connect.Code {
		if e.who == "operator" {
			return denied
		}
		return e.allowed
	}
	operator := func(e expectation) connect.Code {
		if e.who == "project" {
			return notFound
		}
		return e.allowed
	}
	stranger := func(e expectation) connect.Code {
		if e.who == "operator" {
			return denied
		}
		return operator(e)
	}
	key := func(inProject func(e expectation) connect.Code) func(e expectation) connect.Code {
		return func(e expectation) connect.Code {
			if !e.byKeys {
				return denied
			}
			return inProject(e)
		}
	}
	weak, _ := f.tokenOf(f.mine.user, otherAbility(e.scope), time.Time{})
	exact, _ := f.tokenOf(f.mine.user, abilityOf(e.scope), time.Time{})
	operatorWeak, _ := f.tokenOf(f.operator.user, otherAbility(e.scope), time.Time{})
	operatorExact, _ := f.tokenOf(f.operator.user, abilityOf(e.scope), time.Time{})
	expired, _ := f.tokenOf(f.mine.user, `["*"]`, time.Now().Add(-time.Second))
	revoked, revokedID := f.tokenOf(f.mine.user, `["*"]`, time.Time{})
	if err := f.w.store.DeleteToken(f.t.Context(), f.mine.user.ID, revokedID); err != nil {
		f.t.Fatal(err)
	}
	return []credential{
		{"nothing", nil, always(unauthenticated)},
		{"garbage", bearer("mt_pat_garbage"), always(unauthenticated)},
		{"an unknown session", map[string]string{"Cookie": "mt_session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}, always(unauthenticated)},
		{"an unknown token", bearer(identity.New(identity.PersonalAccessToken).Reveal()), always(unauthenticated)},
		{"an unknown API key", bearer(identity.New(identity.APIKey).Reveal()), always(unauthenticated)},
		{"an unknown secret key", bearer(identity.New(identity.SecretKey).Reveal()), always(unauthenticated)},
		{"the public key", bearer(f.mine.project.PublicKey), always(unauthenticated)},
		{"an expired token", bearer(expired), always(unauthenticated)},
		{"a revoked token", bearer(revoked), always(unauthenticated)},
		{"a rotated API key", bearer(f.mine.rotatedAPIKey), always(unauthenticated)},
		{"a rotated secret key", bearer(f.mine.rotatedSecret), always(unauthenticated)},
		{"a switched-off API key", bearer(f.apiKeyOf(f.mine.project, "*", false)), always(unauthenticated)},
		{"a token without the ability", bearer(weak), always(denied)},
		{"an API key without the scope", bearer(f.apiKeyOf(f.mine.project, otherScope(e.scope), true)), always(denied)},
		{"another user's session", map[string]string{"Cookie": f.theirs.cookie}, stranger},
		{"another user's token", bearer(f.theirs.token), stranger},
		{"another project's API key", bearer(f.theirs.apiKey), key(always(notFound))},
		{"another project's secret key", bearer(f.theirs.secret), key(always(notFound))},
		{"the API key", bearer(f.mine.apiKey), key(granted)},
		{"the secret key", bearer(f.mine.secret), key(granted)},
		{"the token", bearer(f.mine.token), granted},
		{"a token with just the ability", bearer(exact), granted},
		{"the session", map[string]string{"Cookie": f.mine.cookie}, granted},
		{"an operator's session", map[string]string{"Cookie": f.operator.cookie}, operator},
		{"an operator's token", bearer(f.operator.token), operator},
		{"an operator's token with just the ability", bearer(operatorExact), operator},
		{"an operator's token without the ability", bearer(operatorWeak), always(denied)},
		{"an operator's API key", bearer(f.operator.apiKey), key(always(notFound))},
		{"an operator's secret key", bearer(f.operator.secret), key(always(notFound))},
	}
}

// verdictOnInstance is what a credential gets that names no project where operators need not.
func (c credential) verdictOnInstance(e expectation) connect.Code {
	switch c.name {
	case "an operator's session", "an operator's token", "an operator's token with just the ability":
		return 0
	}
	if c.verdict(e) == unauthenticated {
		return unauthenticated
	}
	return denied
}

// abilityOf is personal_access_tokens.abilities with one scope, by its documented name.
func abilityOf(scope microtrackerv1.Scope) string {
	return map[microtrackerv1.Scope]string{ //nolint:exhaustive // those that the expectations name
		microtrackerv1.Scope_SCOPE_ACCOUNT_READ: `["account:read"]`, microtrackerv1.Scope_SCOPE_ACCOUNT_WRITE: `["account:write"]`,
		microtrackerv1.Scope_SCOPE_PROJECTS_READ: `["projects:read"]`, microtrackerv1.Scope_SCOPE_PROJECTS_WRITE: `["projects:write"]`,
		microtrackerv1.Scope_SCOPE_API_KEYS_READ: `["api_keys:read"]`, microtrackerv1.Scope_SCOPE_API_KEYS_WRITE: `["api_keys:write"]`,
		microtrackerv1.Scope_SCOPE_REPORTS_READ: `["reports:read"]`, microtrackerv1.Scope_SCOPE_TRACK_WRITE: `["track:write"]`,
		microtrackerv1.Scope_SCOPE_JOBS_READ: `["jobs:read"]`, microtrackerv1.Scope_SCOPE_JOBS_WRITE: `["jobs:write"]`,
		microtrackerv1.Scope_SCOPE_ADS_READ: `["ads:read"]`, microtrackerv1.Scope_SCOPE_ADS_WRITE: `["ads:write"]`,
		microtrackerv1.Scope_SCOPE_VISITORS_READ: `["visitors:read"]`, microtrackerv1.Scope_SCOPE_VISITORS_ERASE: `["visitors:erase"]`,
	}[scope]
}

// otherScope is an API key's that does not open what asks for the scope.
func otherScope(scope microtrackerv1.Scope) string {
	if scope == microtrackerv1.Scope_SCOPE_ADS_WRITE {
		return "reports:read"
	}
	return "ads:write"
}

func otherAbility(scope microtrackerv1.Scope) string {
	if scope == microtrackerv1.Scope_SCOPE_REPORTS_READ || scope == microtrackerv1.Scope_SCOPE_ADS_WRITE {
		return `["account:read"]`
	}
	return `["reports:read", "ads:write", "no such thing"]`
}

func TestNoCredentialOpensWhatItShouldNot(t *testing.T) {
	t.Parallel()
	w := start(t)
	expected := expectations()
	eachMethod(t, func(method protoreflect.MethodDescriptor, access *microtrackerv1.Access) {
		name := string(method.Parent().Name()) + "." + string(method.Name())
		e, ok := expected[name]
		if !ok {
			t.Errorf("%s has no entry in expectations: say who may call it", name)
			return
		}
		delete(expected, name)
		if declared := whoOf(access); declared != e.who || access.GetScope() != e.scope {
			t.Errorf("%s declares %s with %v, the test expects %s with %v", name, declared, access.GetScope(), e.who, e.scope)
		}
		if declared := access.GetOperatorWithoutProject(); declared != e.instance {
			t.Errorf("%s declares that an operator needs no project: %v, the test expects %v", name, declared, e.instance)
		}
		if e.who == "anyone" || e.who == "project key" {
			return
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, w)
			for _, c := range f.credentials(e) {
				own := f.call(method, e, c.headers, f.mine.project.ID)
				if got, want := connect.CodeOf(own), c.verdict(e); got != want && (own != nil || want != 0) {
					t.Errorf("%s: %v, want %v", c.name, own, want)
				}
				if e.who != "project" {
					continue
				}
				f.callWithoutProject(t, method, e, c)
				missing := f.call(method, e, c.headers, f.theirs.project.ID+1_000_000)
				if c.verdict(e) == e.allowed && connect.CodeOf(missing) != notFound {
					t.Errorf("%s on a project that is not: %v, want not_found", c.name, missing)
				}
				if c.verdict(e) == notFound && missing.Error() != own.Error() {
					t.Errorf("%s can tell a foreign project (%v) from one that is not (%v)", c.name, own, missing)
				}
			}
		})
	})
	for name := range expected {
		t.Errorf("%s is expected and does not exist", name)
	}
}

// callWithoutProject calls an RPC about a project without one.
func (f *fixture) callWithoutProject(t *testing.T, method protoreflect.MethodDescriptor, e expectation, c credential) {
	t.Helper()
	err := f.call(method, e, c.headers, 0)
	if !e.instance {
		if err == nil {
			t.Errorf("%s without a project: it was done", c.name)
		}
		return
	}
	if got, want := connect.CodeOf(err), c.verdictOnInstance(e); got != want && (err != nil || want != 0) {
		t.Errorf("%s without a project: %v, want %v", c.name, err, want)
	}
	if err == nil || connect.CodeOf(err) != denied || strings.HasSuffix(c.name, "without the ability") || strings.HasSuffix(c.name, "without the scope") {
		return
	}
	if reasonOf(err) != "ERROR_REASON_OPERATOR_ONLY" || !strings.Contains(err.Error(), "microtracker user operator") {
		t.Errorf("%s without a project: %v does not say what to do", c.name, err)
	}
}

func whoOf(access *microtrackerv1.Access) string {
	switch {
	case access.GetAudience() == microtrackerv1.Audience_AUDIENCE_ANYONE:
		return "anyone"
	case access.GetAudience() == microtrackerv1.Audience_AUDIENCE_PROJECT_KEY:
		return "project key"
	case access.GetAudience() == microtrackerv1.Audience_AUDIENCE_USER:
		return "user"
	case access.GetAudience() == microtrackerv1.Audience_AUDIENCE_OPERATOR:
		return "operator"
	case access.GetProjectRole() == microtrackerv1.ProjectRole_PROJECT_ROLE_OWNER:
		return "project"
	default:
		return "nobody"
	}
}

func (f *fixture) call(method protoreflect.MethodDescriptor, e expectation, set map[string]string, projectID int64) error {
	f.t.Helper()
	var req proto.Message = dynamicpb.NewMessage(method.Input())
	if e.request != nil {
		req = e.request(f)
	}
	if field := method.Input().Fields().ByName("project_id"); field != nil {
		req.ProtoReflect().Set(field, protoreflect.ValueOfInt64(projectID))
	}
	f.addresses++
	from := map[string]string{"X-Forwarded-For": fmt.Sprintf("2001:db8:%x:%x::1", f.mine.user.ID, f.addresses)}
	maps.Copy(from, set)
	return invoke(f.t, f.w, method, from, req)
}

func TestARotatedKeyWorksForItsGraceAndNoLonger(t *testing.T) {
	t.Parallel()
	w := start(t)
	f := newFixture(t, w)
	ctx, now := t.Context(), time.Now()
	old := f.mine.project.PublicKey
	track := func(key string) int {
		status, _ := w.post(t, "/microtracker.v1.TrackingService/Track", `{"projectKey":"`+key+`","events":[{"eventType":1}]}`, nil)
		return status
	}
	if err := f.mine.project.RotatePublicKey(ctx, identity.New(identity.PublicKey).Reveal(), now.Add(time.Hour), now); err != nil {
		t.Fatal(err)
	}
	if a, b := track(old), track(f.mine.project.PublicKey); a != 200 || b != 200 {
		t.Errorf("in its grace the old key answers %d, the new one %d; want 200 both", a, b)
	}
	if err := f.mine.project.RotatePublicKey(ctx, identity.New(identity.PublicKey).Reveal(), now, now); err != nil {
		t.Fatal(err)
	}
	if a := track(old); a != 401 {
		t.Errorf("a key rotated twice answers %d, want 401", a)
	}
	if a := track(f.mine.secret); a != 401 {
		t.Errorf("the secret key as a public one answers %d, want 401", a)
	}
}
