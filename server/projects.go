package server

import (
	"context"
	"errors"
	"html"
	"time"

	"connectrpc.com/connect/v2"
	"golang.org/x/text/currency"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/identity"
)

// projectsServer serves ProjectsService.
type projectsServer struct{ *Server }

func (s projectsServer) CreateProject(ctx context.Context, req *microtrackerv1.CreateProjectRequest) (*microtrackerv1.CreateProjectResponse, error) {
	info := repo.ProjectInfo{
		OwnerUserID: callerFrom(ctx).User.ID, Name: req.GetName(), Description: req.GetDescription(),
		WebsiteURL: req.GetWebsiteUrl(), TimeZone: req.GetTimeZone(), Currency: req.GetCurrency(),
	}
	if err := checkZoneAndCurrency(info.TimeZone, info.Currency); err != nil {
		return nil, err
	}
	info.CreatedAt = s.config.Now()
	project, secret, err := CreateProject(ctx, s.config.Store, info)
	if errors.Is(err, repo.ErrConflict) {
		return nil, failNameTaken()
	}
	if err != nil {
		return nil, err
	}
	return &microtrackerv1.CreateProjectResponse{Project: projectToProto(&project.ProjectInfo), SecretKey: secret.Reveal()}, nil
}

func failNameTaken() *connect.Error {
	return fail(connect.CodeAlreadyExists, microtrackerv1.ErrorReason_ERROR_REASON_PROJECT_NAME_TAKEN,
		"name: you have a project of this name; choose another")
}

// checkZoneAndCurrency refuses names that are none; empty ones take the default.
func checkZoneAndCurrency(zone, code string) error {
	if zone != "" {
		if _, err := loadZone("time_zone", zone); err != nil {
			return err
		}
	}
	if code != "" {
		if _, err := currency.ParseISO(code); err != nil {
			return failField("currency", "it is no ISO 4217 currency code; examples are USD, EUR, JPY")
		}
	}
	return nil
}

// CreateProject makes a project of info's owner with new keys, and returns its secret key, which is kept nowhere.
// repo.ErrConflict when the owner has one of that name.
func CreateProject(ctx context.Context, store *repo.Store, info repo.ProjectInfo) (*repo.Project, identity.Secret, error) {
	secret := identity.New(identity.SecretKey)
	info.PublicKey = identity.New(identity.PublicKey).Reveal()
	info.SecretKey = secret.SHA256()
	info.IsActive, info.UpdatedAt = true, info.CreatedAt
	if info.TimeZone == "" {
		info.TimeZone = "UTC"
	}
	if info.Currency == "" {
		info.Currency = "USD"
	}
	info.HonorGlobalPrivacyControl = true
	info.PrivacyMode = privacyModeText(microtrackerv1.PrivacyMode_PRIVACY_MODE_COOKIELESS)
	project, err := store.CreateProject(ctx, &info)
	return project, secret, err
}

func (s projectsServer) GetProject(ctx context.Context, req *microtrackerv1.GetProjectRequest) (*microtrackerv1.GetProjectResponse, error) {
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	return &microtrackerv1.GetProjectResponse{Project: projectToProto(&project.ProjectInfo)}, nil
}

func (s projectsServer) ListProjects(ctx context.Context, req *microtrackerv1.ListProjectsRequest) (*microtrackerv1.ListProjectsResponse, error) {
	page, err := afterPage(req, func(name string) string { return name })
	if err != nil {
		return nil, err
	}
	projects, err := s.config.Store.Projects(ctx, repo.Caller{UserID: callerFrom(ctx).User.ID}, page)
	if err != nil {
		return nil, err
	}
	res := &microtrackerv1.ListProjectsResponse{}
	projects, res.NextPageToken = cutPage(req, projects, func(info *repo.ProjectInfo) string { return info.Name })
	for i := range projects {
		res.Projects = append(res.Projects, projectToProto(&projects[i]))
	}
	return res, nil
}

func (s projectsServer) GetInstallation(ctx context.Context, req *microtrackerv1.GetInstallationRequest) (*microtrackerv1.GetInstallationResponse, error) {
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	lastEventAt, err := project.LastEventAt(ctx)
	if err != nil {
		return nil, err
	}
	scriptURL := requestFrom(ctx).BaseURL + "/t.js"
	storage := ""
	if privacyModeFromText(project.PrivacyMode) == microtrackerv1.PrivacyMode_PRIVACY_MODE_STORED_ID {
		storage = " data-stored-id"
	}
	return &microtrackerv1.GetInstallationResponse{
		Snippet: `<script defer src="` + html.EscapeString(scriptURL) + `" data-project="` + html.EscapeString(project.PublicKey) +
			`"` + storage + `></script>`,
		ScriptUrl:   scriptURL,
		LastEventAt: timeToProto(lastEventAt),
	}, nil
}

// loadZone reads an IANA name. The names that mean "this machine" are none.
func loadZone(field, name string) (*time.Location, error) {
	if name != "" && name != "Local" {
		if zone, err := time.LoadLocation(name); err == nil {
			return zone, nil
		}
	}
	return nil, failField(field, "it is no IANA time zone; examples are UTC, Europe/Berlin, America/New_York")
}

func projectToProto(info *repo.ProjectInfo) *microtrackerv1.Project {
	return &microtrackerv1.Project{
		Id: info.ID, Name: info.Name, Description: info.Description, WebsiteUrl: info.WebsiteURL,
		PublicKey: info.PublicKey, IsActive: info.IsActive, TimeZone: info.TimeZone, Currency: info.Currency,
		LastUsedAt: timeToProto(info.LastUsedAt), CreateTime: timeToProto(info.CreatedAt),
		LastRotatedAt: timeToProto(info.LastRotatedAt), AllowedHostnames: info.AllowedHostnames,
		PrivacyMode:               privacyModeFromText(info.PrivacyMode),
		HonorGlobalPrivacyControl: info.HonorGlobalPrivacyControl, HonorDoNotTrack: info.HonorDoNotTrack,
		RetainEventsDays:   daysToProto(info.RetainEventsDays),
		RetainSessionsDays: daysToProto(info.RetainSessionsDays),
		RetainVisitorsDays: daysToProto(info.RetainVisitorsDays),
	}
}

// daysToProto makes of no days that something is kept for ever.
func daysToProto(days int) *int32 {
	if days == 0 {
		return nil
	}
	n := int32(days)
	return &n
}
