package server

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"time"

	"connectrpc.com/connect/v2"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
	"github.com/microtracker/microtracker/repo"
	"github.com/microtracker/microtracker/server/enrich"
	"github.com/microtracker/microtracker/server/identity"
	"github.com/microtracker/microtracker/server/ingest"
)

// trackingServer serves TrackingService.
type trackingServer struct{ *Server }

const (
	maxUserAgent = 512
	// maxSettingsChanges bounds how often a request is begun anew because the project's settings have changed meanwhile.
	maxSettingsChanges = 3
)

func (s trackingServer) Track(ctx context.Context, req *microtrackerv1.TrackRequest) (*microtrackerv1.TrackResponse, error) {
	intake, err := s.newIntake(ctx, req.GetClient(), "client.")
	if err != nil {
		return nil, err
	}
	for attempt := range maxSettingsChanges {
		inbox, isFresh, err := s.openInbox(ctx, req.GetProjectKey(), attempt > 0)
		if err != nil {
			return nil, err
		}
		batch := intake.read(req, inbox)
		if batch.settingsDecide && !isFresh {
			continue // an owner who has just changed them is obeyed at once
		}
		receipts, err := s.ingester.Ingest(ctx, inbox, &batch.Batch)
		if errors.Is(err, ingest.ErrSettingsChanged) {
			continue
		}
		if err != nil {
			return nil, err
		}
		return s.answer(inbox, req, batch, receipts), nil
	}
	return nil, repo.ErrUnavailable
}

// answer puts the receipts of what was stored among those of what was not, and notes the latter for the owner to see.
func (s *Server) answer(inbox *repo.Inbox, req *microtrackerv1.TrackRequest, batch *intakeBatch, receipts []ingest.Receipt) *microtrackerv1.TrackResponse {
	res := &microtrackerv1.TrackResponse{Receipts: batch.receipts, Batch: &microtrackerv1.BatchReceipt{}}
	for i, receipt := range receipts {
		res.Receipts[batch.places[i]] = receiptToProto(receipt, batch.AnyAge)
	}
	s.observeReceipts(res.GetReceipts())
	for i, receipt := range res.GetReceipts() {
		switch receipt.GetStatus() {
		case microtrackerv1.ReceiptStatus_RECEIPT_STATUS_ACCEPTED:
			res.Batch.Accepted++
		case microtrackerv1.ReceiptStatus_RECEIPT_STATUS_DUPLICATE:
			res.Batch.Duplicates++
		case microtrackerv1.ReceiptStatus_RECEIPT_STATUS_BOT:
			res.Batch.Bots++
		case microtrackerv1.ReceiptStatus_RECEIPT_STATUS_OPTED_OUT:
			res.Batch.OptedOut++
		default:
			res.Batch.Refused++
			s.refused.note(inbox.ProjectID, req, i, receipt, s.config.Now())
		}
	}
	return res
}

func receiptToProto(receipt ingest.Receipt, anyAge bool) *microtrackerv1.EventReceipt {
	res := &microtrackerv1.EventReceipt{EventId: receipt.EventID.String(), Field: receipt.Field, Reason: receipt.Reason}
	switch receipt.Status {
	case ingest.Accepted:
		res.Status = microtrackerv1.ReceiptStatus_RECEIPT_STATUS_ACCEPTED
	case ingest.Duplicate:
		res.Status = microtrackerv1.ReceiptStatus_RECEIPT_STATUS_DUPLICATE
	case ingest.Bot:
		res.Status = microtrackerv1.ReceiptStatus_RECEIPT_STATUS_BOT
	case ingest.Invalid:
		res.Status = microtrackerv1.ReceiptStatus_RECEIPT_STATUS_INVALID
	case ingest.TooOld:
		res.Status, res.Field = microtrackerv1.ReceiptStatus_RECEIPT_STATUS_TOO_OLD, "create_time"
		res.Reason = "it happened more than 7 days ago; a server with an API key may send older ones"
		switch {
		case receipt.Reason != "":
			res.Reason = receipt.Reason
		case anyAge:
			res.Reason = "it happened before 2000"
		}
	}
	return res
}

// openInbox opens the inbox of the caller's project: that of his API key or secret key if he has one, else that of the
// public key in the message. isFresh says that it was just read; otherwise it may be some seconds old.
func (s *Server) openInbox(ctx context.Context, key string, wantFresh bool) (inbox *repo.Inbox, isFresh bool, err error) {
	if projectID := callerFrom(ctx).ProjectID; projectID != 0 {
		inbox, err := s.config.Store.OpenInboxOf(ctx, repo.Caller{ProjectID: projectID}, projectID)
		if err == nil && key != "" && !inbox.HasKey(key) {
			return nil, false, failField("project_key", "it is another project's than the API key in the Authorization header: leave it out")
		}
		return inbox, true, err
	}
	if inbox := s.inboxes.get(key); inbox != nil && !wantFresh {
		return inbox, false, nil
	}
	invalid := fail(connect.CodeUnauthenticated, microtrackerv1.ErrorReason_ERROR_REASON_PROJECT_KEY_INVALID,
		"project_key: it is no project's public key; copy it from the project's installation page")
	if _, err := identity.Parse(identity.PublicKey, key); err != nil { // sorts out noise before the database is asked
		return nil, false, invalid
	}
	inbox, err = s.config.Store.OpenInbox(ctx, key, s.config.Now())
	if errors.Is(err, repo.ErrNotFound) {
		s.inboxes.forget(key)
		return nil, false, invalid
	}
	if err != nil {
		return nil, false, err
	}
	s.inboxes.put(key, inbox)
	s.touchProject(inbox)
	return inbox, true, nil
}

// touchProject notes that one of the project's keys was used. It is a courtesy to the owner, so the caller does not wait.
func (s *Server) touchProject(inbox *repo.Inbox) {
	now := s.config.Now()
	if now.Sub(inbox.LastUsedAt) > touchEvery {
		s.background.do(func(ctx context.Context) error { return s.config.Store.TouchProject(ctx, inbox.ProjectID, now) })
	}
}

// intake reads the events of one caller.
type intake struct {
	*Server

	// isTrusted: the caller is the project's own server, and says who its visitors are.
	isTrusted bool
	address   netip.Addr
	header    interface{ Get(name string) string }
	client    ingest.Client
	// optOuts are the wishes not to be measured that came with the request.
	optOuts optOutSignals
}

// optOutSignals are a visitor's wishes not to be measured.
type optOutSignals struct{ globalPrivacyControl, doNotTrack bool }

// newIntake refuses what only a server may say of a client, and says so: path is where the client's fields are.
func (s *Server) newIntake(ctx context.Context, client *microtrackerv1.Client, path string) (*intake, error) {
	info, _ := connect.CallInfoForServerContext(ctx)
	in := &intake{
		Server: s, isTrusted: callerFrom(ctx).ProjectID != 0 || callerFrom(ctx).User != nil,
		address: requestFrom(ctx).ClientIP, header: info.RequestHeader(),
	}
	field, message := in.refuseClient(client)
	if message != "" {
		return nil, failField(path+field, message)
	}
	in.client = in.readClient(client)
	in.optOuts = in.readOptOuts(client)
	return in, nil
}

// refuseClient returns what is wrong with a client beyond the rules of its fields.
func (in *intake) refuseClient(client *microtrackerv1.Client) (field, message string) {
	const forServers = "only a server with an API key may say this: leave it out"
	switch {
	case !ingest.ValidVisitorKey(client.GetVisitorKey()):
		return "visitor_key", "it begins like the key of a visitor without one: use another"
	case in.isTrusted:
	case client.GetSessionKey() != "":
		return "session_key", forServers
	case client.GetIpAddress() != "":
		return "ip_address", forServers
	case client.GetUserAgent() != "":
		return "user_agent", forServers
	}
	return "", ""
}

// readClient says who it is: for a browser as the request itself says, for a server as it was told.
func (in *intake) readClient(client *microtrackerv1.Client) ingest.Client {
	read := ingest.Client{
		IP: in.address, UserAgent: in.header.Get("User-Agent"),
		VisitorKey: enrich.FixText(client.GetVisitorKey(), 255), SessionKey: enrich.FixText(client.GetSessionKey(), 200),
		Timezone:  enrich.FixText(client.GetTimeZone(), 64),
		ViewportW: client.GetViewportW(), ViewportH: client.GetViewportH(), Automated: client.GetAutomated(),
		IsHeadless: strings.Contains(in.header.Get("Sec-Ch-Ua"), "HeadlessChrome"),
	}
	if in.isTrusted {
		read.IP, read.UserAgent, read.IsHeadless, read.IsServer = netip.Addr{}, client.GetUserAgent(), false, true
		if ip, err := netip.ParseAddr(client.GetIpAddress()); err == nil {
			read.IP = ip.Unmap().WithZone("")
		}
	}
	read.UserAgent = enrich.FixText(read.UserAgent, maxUserAgent)
	return read
}

func (in *intake) readOptOuts(client *microtrackerv1.Client) optOutSignals {
	signals := optOutSignals{globalPrivacyControl: client.GetGlobalPrivacyControl(), doNotTrack: client.GetDoNotTrack()}
	if !in.isTrusted { // a server's own headers say nothing of its visitors
		signals.globalPrivacyControl = signals.globalPrivacyControl || in.header.Get("Sec-Gpc") == "1"
		signals.doNotTrack = signals.doNotTrack || in.header.Get("Dnt") == "1"
	}
	return signals
}

// honoured returns the signal for which the project does not measure, empty if there is none.
func (o optOutSignals) honoured(inbox *repo.Inbox) string {
	switch {
	case o.globalPrivacyControl && inbox.HonorGlobalPrivacyControl:
		return optOutText(microtrackerv1.OptOutSignal_OPT_OUT_SIGNAL_GLOBAL_PRIVACY_CONTROL)
	case o.doNotTrack && inbox.HonorDoNotTrack:
		return optOutText(microtrackerv1.OptOutSignal_OPT_OUT_SIGNAL_DO_NOT_TRACK)
	}
	return ""
}

func optOutText(signal microtrackerv1.OptOutSignal) string {
	return strings.ToLower(strings.TrimPrefix(signal.String(), "OPT_OUT_SIGNAL_"))
}

func optOutFromText(text string) microtrackerv1.OptOutSignal {
	return microtrackerv1.OptOutSignal(microtrackerv1.OptOutSignal_value["OPT_OUT_SIGNAL_"+strings.ToUpper(text)])
}

// intakeBatch is a request's events, those that can be stored and the receipts of those that cannot.
type intakeBatch struct {
	ingest.Batch

	// places are those of the batch's events in the request.
	places []int
	// receipts are one for each event of the request, nil where the batch has the event.
	receipts []*microtrackerv1.EventReceipt
	// settingsDecide: an event is refused or counted because of the project's settings.
	settingsDecide bool
}

// read checks each event by itself and gathers those that can be stored.
func (in *intake) read(req *microtrackerv1.TrackRequest, inbox *repo.Inbox) *intakeBatch {
	batch := &intakeBatch{
		receipts: make([]*microtrackerv1.EventReceipt, len(req.GetEvents())),
		Batch:    ingest.Batch{Client: forMode(inbox, in.client), AnyAge: in.isTrusted},
	}
	if req.GetSentAt() != nil {
		batch.SentAt = req.GetSentAt().AsTime()
	}
	optedOut := map[string]int64{}
	for i, sent := range req.GetEvents() {
		event, receipt := in.event(sent)
		signals := in.optOuts
		switch {
		case receipt != nil:
		case !inbox.IsActive:
			receipt = refuse(event, microtrackerv1.ReceiptStatus_RECEIPT_STATUS_PROJECT_INACTIVE, "",
				"the project takes no events; its owner can switch it on in its settings")
			batch.settingsDecide = true
		case in.isTrusted && !knowsWho(req.GetClient(), sent.GetClient()):
			receipt = refuse(event, microtrackerv1.ReceiptStatus_RECEIPT_STATUS_INVALID, "client",
				"nothing says whose event it is: send client.visitor_key, or client.ip_address and client.user_agent")
		default:
			if receipt = refuseHost(event, inbox.AllowedHostnames); receipt != nil {
				batch.settingsDecide = true
				break
			}
			if sent.GetClient() != nil {
				signals = in.readOptOuts(sent.GetClient())
			}
			if signal := signals.honoured(inbox); signal != "" {
				receipt = refuse(event, microtrackerv1.ReceiptStatus_RECEIPT_STATUS_OPTED_OUT, "", signal)
				optedOut[signal]++
				batch.settingsDecide = true
			}
		}
		if receipt != nil {
			batch.receipts[i] = receipt
			continue
		}
		if event.Client != nil {
			client := forMode(inbox, *event.Client)
			event.Client = &client
		}
		batch.Events, batch.places = append(batch.Events, event), append(batch.places, i)
	}
	today := in.config.Now().UTC().Truncate(24 * time.Hour)
	for signal, hits := range optedOut {
		batch.OptOuts = append(batch.OptOuts, repo.OptOut{ProjectID: inbox.ProjectID, Day: today, Signal: signal, Hits: hits})
	}
	return batch
}

// knowsWho reports whether a server has said whose an event is.
func knowsWho(ofRequest, ofEvent *microtrackerv1.Client) bool {
	client := ofRequest
	if ofEvent != nil {
		client = ofEvent
	}
	return client.GetVisitorKey() != "" || client.GetIpAddress() != ""
}

// forMode takes the stored id away where the project is cookieless: whatever a page sends, nobody is recognised for longer
// than the project says. A server's keys are its own.
func forMode(inbox *repo.Inbox, client ingest.Client) ingest.Client {
	if !client.IsServer && inbox.PrivacyMode != privacyModeText(microtrackerv1.PrivacyMode_PRIVACY_MODE_STORED_ID) {
		client.VisitorKey = ""
	}
	return client
}
