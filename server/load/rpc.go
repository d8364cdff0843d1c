package load

import (
	"context"
	"errors"
	"net/http"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"connectrpc.com/connect/v2/connectproto"

	"github.com/microtracker/microtracker/gen/microtracker/v1/microtrackerv1connect"
)

// rpc speaks gRPC on one connection.
type rpc struct {
	config    Config
	transport *http.Transport
	client    microtrackerv1connect.TrackingServiceClient
	// current is the request that is under way.
	current *request
}

func newRPC(l *Loader) *rpc {
	c := &rpc{config: l.config, transport: &http.Transport{Protocols: new(http.Protocols)}}
	c.transport.Protocols.SetHTTP2(true)
	c.transport.Protocols.SetUnencryptedHTTP2(true)
	c.client = microtrackerv1connect.NewTrackingServiceClient(connect.NewClient(connecthttp.NewTransport(
		&http.Client{Transport: c}, l.base.String(), connecthttp.WithGRPC())))
	return c
}

func (c *rpc) close() { c.transport.CloseIdleConnections() }

// RoundTrip adds the headers that say who calls.
func (c *rpc) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("User-Agent", ourUserAgent)
	if c.config.APIKey != "" {
		r.Header.Set("Authorization", "Bearer "+c.config.APIKey)
	} else if c.current != nil {
		r.Header.Set("User-Agent", c.current.visitor.UserAgent)
		if c.config.ForwardFor {
			r.Header.Set("X-Forwarded-For", c.current.visitor.Address.String())
		}
	}
	return c.transport.RoundTrip(r)
}

func (c *rpc) send(ctx context.Context, req *request) ([]receipt, error) {
	c.current = req
	res, err := c.client.Track(ctx, req.track)
	if err != nil {
		return nil, callErrorOf(err)
	}
	return receiptsOf(res.GetReceipts()), nil
}

// callErrorOf tells what the server has answered from what the network did.
func callErrorOf(err error) error {
	remote, ok := errors.AsType[*connect.Error](err)
	if !ok || !remote.IsRemote() {
		return err
	}
	refused := &callError{code: remote.Code(), message: remote.Message()}
	for _, detail := range remote.Details() {
		if message, err := connectproto.UnmarshalErrorDetail(detail); err == nil {
			refused.detail(message)
		}
	}
	return refused
}
