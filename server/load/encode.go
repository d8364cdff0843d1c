package load

import (
	"encoding/json"
	"strconv"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protojson"

	microtrackerv1 "github.com/microtracker/microtracker/gen/microtracker/v1"
)

// appendRequest writes the request as the tracker does: by hand, because protojson costs more than the rest of a call.
func appendRequest(b []byte, req *microtrackerv1.TrackRequest) []byte {
	b = append(b, '{')
	if req.GetProjectKey() != "" {
		b = append(appendQuoted(append(b, `"projectKey":`...), req.GetProjectKey()), ',')
	}
	b = append(appendTime(append(b, `"sentAt":`...), req.GetSentAt().AsTime()), ',')
	if req.GetClient() != nil {
		b = append(appendClient(append(b, `"client":`...), req.GetClient()), ',')
	}
	b = append(b, `"events":[`...)
	for i, event := range req.GetEvents() {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendEvent(b, event)
	}
	return append(b, "]}"...)
}

func appendClient(b []byte, c *microtrackerv1.Client) []byte {
	b = append(b, '{')
	b = appendText(b, `"visitorKey":`, c.GetVisitorKey())
	b = appendText(b, `"timeZone":`, c.GetTimeZone())
	b = appendText(b, `"ipAddress":`, c.GetIpAddress())
	b = appendText(b, `"userAgent":`, c.GetUserAgent())
	b = strconv.AppendInt(append(b, `"viewportW":`...), int64(c.GetViewportW()), 10)
	b = strconv.AppendInt(append(b, `,"viewportH":`...), int64(c.GetViewportH()), 10)
	b = strconv.AppendBool(append(b, `,"automated":`...), c.GetAutomated())
	return append(b, '}')
}

func appendEvent(b []byte, e *microtrackerv1.Event) []byte {
	b = append(appendTime(append(b, `{"createTime":`...), e.GetCreateTime().AsTime()), ',')
	b = appendText(b, `"eventId":`, e.GetEventId())
	b = append(append(append(b, `"eventType":"`...), e.GetEventType().String()...), `",`...)
	b = appendText(b, `"name":`, e.GetName())
	b = appendText(b, `"url":`, e.GetUrl())
	b = appendText(b, `"referrer":`, e.GetReferrer())
	b = appendText(b, `"title":`, e.GetTitle())
	b = appendText(b, `"pageViewId":`, e.GetPageViewId())
	b = appendText(b, `"selector":`, e.GetSelector())
	b = appendText(b, `"value":`, e.GetValue())
	b = appendText(b, `"currency":`, e.GetCurrency())
	if e.ScrollPct != nil {
		b = append(strconv.AppendFloat(append(b, `"scrollPct":`...), e.GetScrollPct(), 'f', -1, 64), ',')
	}
	if e.X != nil {
		b = append(strconv.AppendInt(append(b, `"x":`...), int64(e.GetX()), 10), ',')
	}
	if e.Y != nil {
		b = append(strconv.AppendInt(append(b, `"y":`...), int64(e.GetY()), 10), ',')
	}
	if e.EngagedMs != nil {
		b = append(strconv.AppendInt(append(b, `"engagedMs":`...), e.GetEngagedMs(), 10), ',')
	}
	if e.GetMeta() != nil {
		meta, _ := protojson.Marshal(e.GetMeta()) // texts, numbers and booleans: always marshals
		b = append(append(append(b, `"meta":`...), meta...), ',')
	}
	if e.GetClient() != nil {
		b = append(appendClient(append(b, `"client":`...), e.GetClient()), ',')
	}
	b[len(b)-1] = '}' // in place of the last comma
	return b
}

// appendText writes a field and a comma, if there is a value.
func appendText(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	return append(appendQuoted(append(b, name...), value), ',')
}

func appendTime(b []byte, t time.Time) []byte {
	b = append(b, '"')
	b = t.UTC().AppendFormat(b, "2006-01-02T15:04:05.000Z")
	return append(b, '"')
}

func appendQuoted(b []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf && !utf8.ValidString(text) {
			quoted, _ := json.Marshal(text) // a text always marshals
			return append(b, quoted...)
		}
	}
	return append(append(append(b, '"'), text...), '"')
}
