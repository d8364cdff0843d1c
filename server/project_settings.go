package server

import (
	"context"
	"errors"
	"strings"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/identity"
)

func (s projectsServer) UpdateProject(ctx context.Context, req *microtrackerv1.UpdateProjectRequest) (*microtrackerv1.UpdateProjectResponse, error) {
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	if err := applyProject(&project.ProjectInfo, req); err != nil {
		return nil, err
	}
	if err := project.Save(ctx, s.config.Now()); errors.Is(err, repo.ErrConflict) {
		return nil, failNameTaken()
	} else if err != nil {
		return nil, err
	}
	return &microtrackerv1.UpdateProjectResponse{Project: projectToProto(&project.ProjectInfo)}, nil
}

// applyProject writes the fields that the mask names.
func applyProject(info *repo.ProjectInfo, req *microtrackerv1.UpdateProjectRequest) error {
	if err := checkZoneAndCurrency(req.GetTimeZone(), req.GetCurrency()); err != nil {
		return err
	}
	for _, path := range req.GetUpdateMask().GetPaths() {
		empty := false
		switch path {
		case "name":
			info.Name, empty = req.GetName(), req.GetName() == ""
		case "description":
			info.Description = req.GetDescription()
		case "website_url":
			info.WebsiteURL = req.GetWebsiteUrl()
		case "is_active":
			info.IsActive = req.GetIsActive()
		case "time_zone":
			info.TimeZone, empty = req.GetTimeZone(), req.GetTimeZone() == ""
		case "currency":
			info.Currency, empty = req.GetCurrency(), req.GetCurrency() == ""
		case "allowed_hostnames":
			info.AllowedHostnames = append([]string{}, req.GetAllowedHostnames()...)
		case "honor_global_privacy_control":
			info.HonorGlobalPrivacyControl = req.GetHonorGlobalPrivacyControl()
		case "honor_do_not_track":
			info.HonorDoNotTrack = req.GetHonorDoNotTrack()
		case "retain_events_days":
			info.RetainEventsDays = int(req.GetRetainEventsDays())
		case "retain_sessions_days":
			info.RetainSessionsDays = int(req.GetRetainSessionsDays())
		case "retain_visitors_days":
			info.RetainVisitorsDays = int(req.GetRetainVisitorsDays())
		case "privacy_mode":
			info.PrivacyMode = privacyModeText(req.GetPrivacyMode())
			empty = req.GetPrivacyMode() == microtrackerv1.PrivacyMode_PRIVACY_MODE_UNSPECIFIED
		default:
			return failMask(path, req.ProtoReflect().Descriptor().Fields())
		}
		if empty {
			return failField(path, "it must not be empty")
		}
	}
	return checkRetention(info)
}

// checkRetention refuses to keep what hangs on something longer than that.
func checkRetention(info *repo.ProjectInfo) error {
	if outlasts(info.RetainEventsDays, info.RetainSessionsDays) {
		return failField("retain_events_days", "events are part of sessions: keep them for as many days as sessions at most")
	}
	if outlasts(info.RetainSessionsDays, info.RetainVisitorsDays) {
		return failField("retain_sessions_days", "sessions are a visitor's: keep them for as many days as visitors at most")
	}
	return nil
}

// outlasts reports whether days are more than others, where none means for ever.
func outlasts(days, others int) bool { return others != 0 && (days == 0 || days > others) }

func (s projectsServer) DeleteProject(ctx context.Context, req *microtrackerv1.DeleteProjectRequest) (*microtrackerv1.DeleteProjectResponse, error) {
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	if req.GetConfirmName() != project.Name {
		return nil, failConfirmation("confirm_name", "type the project's name exactly as it is")
	}
	if err := project.Delete(ctx); err != nil {
		return nil, err
	}
	return &microtrackerv1.DeleteProjectResponse{}, nil
}

func (s projectsServer) RotateKeys(ctx context.Context, req *microtrackerv1.RotateKeysRequest) (*microtrackerv1.RotateKeysResponse, error) {
	project, err := s.openProject(ctx, req.GetProjectId())
	if err != nil {
		return nil, err
	}
	now := s.config.Now()
	oldWorksUntil := now.Add(req.GetGrace().AsDuration())
	res := &microtrackerv1.RotateKeysResponse{OldKeyExpiresAt: timeToProto(oldWorksUntil)}
	if req.GetKey() == microtrackerv1.ProjectKey_PROJECT_KEY_PUBLIC {
		err = project.RotatePublicKey(ctx, identity.New(identity.PublicKey).Reveal(), oldWorksUntil, now)
	} else {
		secret := identity.New(identity.SecretKey)
		err = project.RotateSecretKey(ctx, secret.SHA256(), oldWorksUntil, now)
		res.SecretKey = secret.Reveal()
	}
	if err != nil {
		return nil, err
	}
	res.Project = projectToProto(&project.ProjectInfo)
	return res, nil
}

// privacyModeText is the mode as it stands in the projects table: cookieless for PRIVACY_MODE_COOKIELESS.
func privacyModeText(mode microtrackerv1.PrivacyMode) string {
	return strings.ToLower(strings.TrimPrefix(mode.String(), "PRIVACY_MODE_"))
}

func privacyModeFromText(text string) microtrackerv1.PrivacyMode {
	return microtrackerv1.PrivacyMode(microtrackerv1.PrivacyMode_value["PRIVACY_MODE_"+strings.ToUpper(text)])
}
