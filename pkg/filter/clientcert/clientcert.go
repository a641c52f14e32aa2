// Package clientcert holds the filter that lets requests through only where the client has
// proved who it is by its certificate.
//
// In comes the demand that the connection must have been made under; out comes a
// filter.RequestHead, which holds no state and may be called by any goroutine. What the
// demand means was checked in the handshake.
package clientcert

import (
	"errors"
	"fmt"
	"regexp"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
)

// Filter is the filter.
type Filter struct {
	auth    string
	subject *regexp.Regexp
}

var _ filter.RequestHead = (*Filter)(nil)

// New makes the filter. It needs a demand.
func New(spec *ir.ClientCertificate) (*Filter, error) {
	if spec.Auth == "" {
		return nil, errors.New("no demand for a client certificate is named")
	}
	f := &Filter{auth: spec.Auth}
	if spec.Subject != "" {
		var err error
		if f.subject, err = regexp.Compile(spec.Subject); err != nil {
			return nil, fmt.Errorf("the expression of the subject: %w", err)
		}
	}
	return f, nil
}

var refused = filter.Answer{Status: 403, Reason: "client_certificate_required"}

// OnRequestHead answers 403 where the connection was made under another demand, or in clear text, or
// by somebody else than the subject that is asked for.
func (f *Filter) OnRequestHead(x *filter.Exchange) *filter.Answer {
	if x.ClientAuth == f.auth && (f.subject == nil || f.subject.MatchString(x.Subject)) {
		return nil
	}
	return &refused
}
