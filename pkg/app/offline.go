package app

import (
	"io"
	"time"

	"github.com/sluice-dev/sluice/pkg/admin"
	"github.com/sluice-dev/sluice/pkg/certs"
	"github.com/sluice-dev/sluice/pkg/filter/activelimit"
	"github.com/sluice-dev/sluice/pkg/filter/build"
	"github.com/sluice-dev/sluice/pkg/filter/extauth"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/jwks"
	"github.com/sluice-dev/sluice/pkg/kube/files"
	"github.com/sluice-dev/sluice/pkg/kube/snapshot"
	"github.com/sluice-dev/sluice/pkg/kube/translate"
	"github.com/sluice-dev/sluice/pkg/limit/queue"
	"github.com/sluice-dev/sluice/pkg/limit/rate"
	"github.com/sluice-dev/sluice/pkg/report"
	"github.com/sluice-dev/sluice/pkg/table"
	"github.com/sluice-dev/sluice/pkg/upstream"
)

// Offline is manifests made into a table that nobody serves, for `sluice check`
// and `sluice explain -f`. Close ends it.
type Offline struct {
	Config    *ir.Config
	Facts     *report.Set
	Table     *table.Table
	Upstreams *upstream.Registry

	rates *rate.Registry
	keys  *jwks.Registry
}

// OpenOffline reads the manifests below path, or from in where path is "-". The
// error is for a path that cannot be read; everything else is a fact.
func OpenOffline(path string, in io.Reader, o Options) (*Offline, error) {
	var s *snapshot.Snapshot
	var facts *report.Set
	var err error
	if path == "-" {
		s, facts, err = files.Read("standard input", in)
	} else {
		s, facts, err = files.Load(path)
	}
	if err != nil {
		return nil, err
	}
	options := translateOptions(o)
	options.AllClasses = len(o.IngressClasses) == 0
	options.LocalAddresses, options.ReportEndpoints = true, true
	options.Offline, options.PortMap = true, o.PortMap
	options.OwnHTTP, options.OwnHTTPS = portOfAddress(o.HTTPAddr), portOfAddress(o.HTTPSAddr)
	options.Now = time.Now()
	config, _, translated := translate.Translate(s, options)
	translated.Merge(facts)
	registry, err := certs.NewRegistry(certs.Options{})
	if err != nil {
		return nil, err
	}
	upstreams := upstream.NewRegistry(upstream.Options{Cost: compileCost, Zone: o.Zone, SessionKey: o.sessionKey()})
	upstreams.SetEndpoints(translate.Endpoints(s, config)...)
	translated.Merge(registry.Update(config.Certificates))
	rates := rate.NewRegistry()
	keys := jwks.NewRegistry(jwks.Options{Offline: true})
	compiled, broken := table.Compile(config, table.Deps{Upstreams: upstreams, Certs: registry, Queues: queue.NewRegistry(), Filters: build.Deps{Rates: rates, Active: new(activelimit.Registry), Keys: keys, Answers: new(extauth.Registry)}.Build})
	translated.Merge(broken)
	return &Offline{config, translated, compiled, upstreams, rates, keys}, nil
}

// Explain says why a request would go where it would.
func (o *Offline) Explain(q admin.Question) (*admin.Answer, error) {
	return admin.Explain(o.Table, o.Upstreams, q)
}

// Close lets go of what was built.
func (o *Offline) Close() {
	o.Table.Release()
	o.Upstreams.Close()
	o.rates.Close()
	o.keys.Close()
}
