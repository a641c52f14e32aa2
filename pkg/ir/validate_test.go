package ir

import (
	"strings"
	"testing"
)

func TestASoundConfigHasNoProblems(t *testing.T) {
	if err := Validate(sample()); err != nil {
		t.Error(err)
	}
	if err := Validate(&Config{}); err != nil {
		t.Errorf("the empty config: %v", err)
	}
}

type otherFilter struct{ Filter }

// kind returns the filter of that kind.
func kind[F Filter](r *Route) (found F) {
	for _, f := range r.Filters {
		if of, ok := f.(F); ok {
			found = of
		}
	}
	return found
}

type otherAction struct{ Action }

func TestEachBrokenInvariantIsNamed(t *testing.T) {
	listener := func(c *Config) *Listener { return &c.Listeners[3] }
	shared := func(c *Config) *Listener { return &c.Listeners[0] }
	hosts := func(c *Config) []Host { return c.RouteSets[0].Hosts }
	route := func(c *Config) *Route { return &c.RouteSets[0].Hosts[1].Routes[0] }
	backend := func(c *Config, i int) *WeightedUpstream { return &route(c).Action.(*Forward).Backends[i] }
	versioning := func(c *Config) *Versioning { return &route(c).Action.(*Forward).Versioning }
	sticky := func(c *Config) *Sticky { return &route(c).Action.(*Forward).Sticky }
	tests := map[string]struct {
		harm func(*Config)
		want string
	}{
		"a listener without a name":              {func(c *Config) { c.Listeners = []Listener{{RouteSet: "default"}} }, `listener "": the name is empty`},
		"a TLS policy of no pattern":             {func(c *Config) { listener(c).TLS.Hosts[0].Host = "*" }, `the host of a TLS policy is no host pattern`},
		"two TLS policies of a host":             {func(c *Config) { listener(c).TLS.Hosts[0].Host = "shop.example.com" }, `"shop.example.com" is there twice`},
		"a TLS policy in clear text":             {func(c *Config) { c.Listeners[2].TLS.Hosts = listener(c).TLS.Hosts }, `it has policies of TLS but does not speak it`},
		"TLS 1.1":                                {func(c *Config) { listener(c).TLS.Hosts[1].Policy.MinVersion = 0x0302 }, `a TLS version is neither 1.2 nor 1.3`},
		"TLS from 1.3 to 1.2":                    {func(c *Config) { p := &listener(c).TLS.Hosts[1].Policy; p.MinVersion, p.MaxVersion = 0x0304, 0x0303 }, `the lowest TLS version is above the highest`},
		"a suite that is broken":                 {func(c *Config) { listener(c).TLS.Hosts[1].Policy.CipherSuites[0] = 0x0005 }, `the cipher suite 5 is not known`},
		"suites out of order":                    {func(c *Config) { s := listener(c).TLS.Hosts[1].Policy.CipherSuites; s[0], s[1] = s[1], s[0] }, `are not sorted`},
		"an unknown curve":                       {func(c *Config) { listener(c).TLS.Hosts[1].Policy.Curves[0] = 1 }, `a curve is not known`},
		"chains that nobody checks":              {func(c *Config) { listener(c).TLS.Hosts[0].Client = ClientAuth{Mode: ClientAuthRequest, MaxChain: 1} }, `it bounds chains of client certificates that it does not check`},
		"a place for whom nobody checks":         {func(c *Config) { listener(c).TLS.Hosts[0].Client = ClientAuth{Mode: ClientAuthRequest, ErrorPage: "/"} }, `it has no use for the place where clients are sent, or that is none`},
		"a place of two lines":                   {func(c *Config) { listener(c).TLS.Hosts[0].Client.ErrorPage = "/\r\na" }, `it has no use for the place where clients are sent, or that is none`},
		"endpoints' chains of less than nothing": {func(c *Config) { c.Upstreams[1].TLS.MaxChain = -1 }, `it bounds chains that it does not verify`},
		"curves for endpoints":                   {func(c *Config) { c.Upstreams[1].TLS.Policy.Curves = []uint16{29} }, `it bounds how endpoints agree on a key`},
		"an optional certificate of no CA":       {func(c *Config) { listener(c).TLS.Hosts[0].Client.CAs = "" }, `it requires client certificates of no CA`},
		"a staple without an end":                {func(c *Config) { c.Certificates[0].StapleUntil = 0 }, `a staple without an end`},
		"PROXY protocol 3":                       {func(c *Config) { c.Upstreams[1].ProxyProtocol = 3 }, `the version of the PROXY protocol is unknown`},
		"two listeners of a name":                {func(c *Config) { c.Listeners[2].Name = "https" }, `listener https: "https" is there twice`},
		"listeners out of order":                 {func(c *Config) { c.Listeners[2].Name = "z" }, `listener https: "https" stands behind "z"`},
		"an unknown protocol":                    {func(c *Config) { c.Listeners[1].Protocol = 9 }, `listener gateway/ns/gw/web: the protocol is unknown`},
		"HTTP/3 in clear text":                   {func(c *Config) { c.Listeners[2].HTTP3 = true }, `listener http: it serves HTTP/3 but not HTTPS`},
		"HTTP/3 without a port":                  {func(c *Config) { c.Listeners[0].HTTP3Port = 0 }, `listener gateway/ns/gw/443: it has a port for HTTP/3 that it does not need, or needs one`},
		"a port for no HTTP/3":                   {func(c *Config) { listener(c).HTTP3Port = 1 }, `listener https: it has a port for HTTP/3 that it does not need, or needs one`},
		"a route set that is missing":            {func(c *Config) { listener(c).RouteSet = "x" }, `listener https: route set "x" is not defined`},
		"certificates in clear text":             {func(c *Config) { c.Listeners[2].TLS.Default = "ns/rsa" }, `listener http: it has certificates but does not speak TLS`},
		"client certificates in clear text":      {func(c *Config) { c.Listeners[2].TLS.Client.Mode = ClientAuthRequest }, `listener http: it asks for client certificates but does not speak TLS`},
		"client certificates of no CA":           {func(c *Config) { listener(c).TLS.Client.CAs = "" }, `it requires client certificates of no CA`},
		"CAs that nobody asks":                   {func(c *Config) { listener(c).TLS.Client.Mode = ClientAuthRequest }, `it has CAs for client certificates that it does not check`},
		"an unknown mode of clients":             {func(c *Config) { listener(c).TLS.Client.Mode = 9 }, `the mode of client certificates is unknown`},
		"a default that is missing":              {func(c *Config) { listener(c).TLS.Default = "x" }, `listener https: certificate "x" is not defined`},
		"a certificate that is missing":          {func(c *Config) { listener(c).TLS.Bindings[0].Certificates[0] = "x" }, `certificate "x" is not defined`},
		"a binding without a certificate":        {func(c *Config) { listener(c).TLS.Bindings[1].Certificates = nil }, `binding "shop.example.com" has no certificate`},
		"a binding without a host":               {func(c *Config) { listener(c).TLS.Bindings[0].Host = "" }, `binding "" is no host pattern`},
		"a binding that is no pattern":           {func(c *Config) { listener(c).TLS.Bindings[0].Host = "*" }, `binding "*" is no host pattern`},
		"two bindings of a host":                 {func(c *Config) { listener(c).TLS.Bindings[0].Host = "shop.example.com" }, `"shop.example.com" is there twice`},
		"two route sets of a name":               {func(c *Config) { c.RouteSets = append(c.RouteSets, RouteSet{Name: "default"}) }, `routes default: "default" is there twice`},
		"hosts out of order":                     {func(c *Config) { h := hosts(c); h[0], h[1] = h[1], h[0] }, `routes default: "" stands behind "shop.example.com"`},
		"a host in upper case":                   {func(c *Config) { hosts(c)[1].Pattern = "Shop" }, `host "Shop" is no host pattern`},
		"a host with a port":                     {func(c *Config) { hosts(c)[1].Pattern = "a:80" }, `host "a:80" is no host pattern`},
		"a host with a final dot":                {func(c *Config) { hosts(c)[1].Pattern = "a." }, `host "a." is no host pattern`},
		"a wildcard inside":                      {func(c *Config) { hosts(c)[1].Pattern = "a.*.b" }, `host "a.*.b" is no host pattern`},
		"a host that is too long":                {func(c *Config) { hosts(c)[1].Pattern = strings.Repeat("a.", 127) + "a" }, `is no host pattern`},
		"a route without an ID":                  {func(c *Config) { route(c).ID = "" }, `route "": the ID is empty`},
		"two routes of an ID":                    {func(c *Config) { route(c).ID = "default" }, `route default: the ID is in use twice`},
		"a relative path":                        {func(c *Config) { route(c).Match.Path.Value = "a" }, `the path does not begin with "/"`},
		"an empty expression":                    {func(c *Config) { route(c).Match.Path = PathMatch{Kind: PathRegex} }, `the expression of the path is empty`},
		"an unknown kind of path":                {func(c *Config) { route(c).Match.Path.Kind = 9 }, `the kind of the path is unknown`},
		"a header in upper case":                 {func(c *Config) { route(c).Match.Headers[0].Name = "X" }, `header "X" is not in lower case`},
		"a header without a name":                {func(c *Config) { route(c).Match.Headers[0].Name = "" }, `a header has no name`},
		"a header twice":                         {func(c *Config) { route(c).Match.Headers[0].Name = "x-version" }, `"x-version" is there twice`},
		"an unknown kind of value":               {func(c *Config) { route(c).Match.Query[0].Kind = 9 }, `the kind of query parameter "a b" is unknown`},
		"presence with a value":                  {func(c *Config) { route(c).Match.Headers[0].Value = "v" }, `header "x-present" only has to be present but has a value`},
		"a version without need":                 {func(c *Config) { route(c).Action.(*Forward).Versioning = Versioning{} }, `a backend has a version, though requests name none`},
		"a missing version":                      {func(c *Config) { backend(c, 1).Version = "" }, `a backend has no version, though requests name one`},
		"an unknown source of versions":          {func(c *Config) { versioning(c).Source = 9 }, `the source of the version is unknown`},
		"a version without a name":               {func(c *Config) { versioning(c).Name = "" }, `the name of what holds the version is missing, or there without need`},
		"a part of the path without need":        {func(c *Config) { versioning(c).Segment = 1 }, `the part of the path that is the version is missing, or there without need`},
		"an unknown answer to versions":          {func(c *Config) { versioning(c).NoMatch = 9 }, `what becomes of an unknown version is unknown`},
		"no default version":                     {func(c *Config) { versioning(c).NoMatch, versioning(c).Default = NoMatchDefault, "" }, `there is no default version to fall back to`},
		"an edit of nothing":                     {func(c *Config) { *kind[*ModifyRequestHeader](route(c)) = ModifyRequestHeader{} }, `a header filter changes nothing`},
		"a field without a name to set":          {func(c *Config) { kind[*ModifyRequestHeader](route(c)).Edit.Set[0].Name = "" }, `a header filter sets a field without a name`},
		"a field without a name to add":          {func(c *Config) { kind[*ModifyRequestHeader](route(c)).Edit.Add[0].Name = "" }, `a header filter adds a field without a name`},
		"a field in upper case to remove":        {func(c *Config) { kind[*ModifyRequestHeader](route(c)).Edit.Remove[0] = "X" }, `a header filter removes a field without a name, or not in lower case`},
		"a rewrite of nothing":                   {func(c *Config) { *kind[*RewriteURL](route(c)) = RewriteURL{} }, `a rewrite changes nothing`},
		"a rewrite to two hosts":                 {func(c *Config) { kind[*RewriteURL](route(c)).ClientHost = true }, `a rewrite has two hosts`},
		"a prefix without need":                  {func(c *Config) { kind[*RewriteURL](route(c)).Path.Kind = PathReplaced }, `a change of the path has no prefix, or one without need`},
		"an unknown change of the path":          {func(c *Config) { kind[*RewriteURL](route(c)).Path.Kind = 9 }, `a change of the path is of unknown kind`},
		"a redirect to another scheme":           {func(c *Config) { kind[*Redirect](route(c)).Scheme = "ftp" }, `a redirect has an unknown scheme`},
		"a redirect that is none":                {func(c *Config) { kind[*Redirect](route(c)).Status = 304 }, `the status 304 of a redirect does not redirect`},
		"cors for nobody":                        {func(c *Config) { *kind[*CORS](route(c)) = CORS{} }, `no origin may use what cors allows`},
		"a mirror to nothing":                    {func(c *Config) { kind[*Mirror](route(c)).Upstream = "x" }, `upstream "x" is not defined`},
		"a mirror of more than all":              {func(c *Config) { kind[*Mirror](route(c)).Numerator = 9 }, `the share of a mirror is not between 0 and 1`},
		"a mirror of a host that is none":        {func(c *Config) { kind[*Mirror](route(c)).Host = "a b" }, `the host of a mirror is none`},
		"access for all":                         {func(c *Config) { *kind[*IPAccess](route(c)) = IPAccess{} }, `access by address refuses nobody`},
		"a fault of more than all":               {func(c *Config) { kind[*Fault](route(c)).DelayPercent = 101 }, `the share of a fault is not between 0 and 100`},
		"a fault that delays by nothing":         {func(c *Config) { kind[*Fault](route(c)).Delay = 0 }, `a fault delays by no time, or no request`},
		"a fault without a status":               {func(c *Config) { kind[*Fault](route(c)).AbortStatus = 0 }, `a fault aborts without a status, or no request`},
		"a fault that succeeds":                  {func(c *Config) { kind[*Fault](route(c)).AbortStatus = 200 }, `the status of a fault is not between 400 and 599`},
		"a body of no size":                      {func(c *Config) { kind[*BodySize](route(c)).MaxBytes = 0 }, `the bound of a body is not above 0`},
		"a negative bandwidth":                   {func(c *Config) { kind[*Bandwidth](route(c)).RequestBytesPerSecond = -1 }, `a bandwidth is negative`},
		"a bandwidth of nothing":                 {func(c *Config) { *kind[*Bandwidth](route(c)) = Bandwidth{} }, `a bandwidth bounds nothing`},
		"a bandwidth that spares what is free":   {func(c *Config) { kind[*Bandwidth](route(c)).ResponseBytesPerSecond = 0 }, `a bandwidth spares responses that it does not bound`},
		"a rewrite of no response":               {func(c *Config) { *kind[*RewriteResponse](route(c)) = RewriteResponse{} }, `a rewrite of responses changes nothing`},
		"a rewrite of an empty text":             {func(c *Config) { kind[*RewriteResponse](route(c)).CookiePath[0].From = "" }, `a rewrite of responses replaces an empty text`},
		"a rewrite to two lines":                 {func(c *Config) { kind[*RewriteResponse](route(c)).CookiePath[0].To = "a\r\nb" }, `a rewrite of responses holds what a header cannot`},
		"a rewrite by what is no expression":     {func(c *Config) { kind[*RewriteResponse](route(c)).Location[1].From = "(" }, `the expression of a rewrite of responses is none`},
		"compression by nothing":                 {func(c *Config) { kind[*Compress](route(c)).Codings = nil }, `compression has no coding or no type`},
		"compression by something unknown":       {func(c *Config) { kind[*Compress](route(c)).Codings[0] = 9 }, `a coding is unknown`},
		"compression by one coding twice":        {func(c *Config) { kind[*Compress](route(c)).Codings[0] = Gzip }, `a coding is there twice`},
		"compression of less than nothing":       {func(c *Config) { kind[*Compress](route(c)).MinBytes = -1 }, `the least length for compression is negative`},
		"compression of a type in upper case":    {func(c *Config) { kind[*Compress](route(c)).Types[0] = "A/b" }, `a type to compress is empty, or not in lower case`},
		"an error page for no status":            {func(c *Config) { kind[*ErrorPage](route(c)).Statuses = nil }, `an error page is for no status`},
		"an error page for success":              {func(c *Config) { kind[*ErrorPage](route(c)).Statuses[0].From = 200 }, `a status of an error page is not between 400 and 599`},
		"an error page of nobody":                {func(c *Config) { kind[*ErrorPage](route(c)).Upstream = "x" }, `upstream "x" is not defined`},
		"an error page of two":                   {func(c *Config) { kind[*ErrorPage](route(c)).Body = "x" }, `an error page has both a body and an upstream`},
		"an error page of nothing":               {func(c *Config) { kind[*ErrorPage](route(c)).Upstream = "" }, `an error page has neither a body with a type nor an upstream`},
		"an error page that asks nobody":         {func(c *Config) { *kind[*ErrorPage](route(c)) = ErrorPage{OwnStatus: true} }, `an error page asks nobody, but with a field or for a status`},
		"an error page with a field of no name":  {func(c *Config) { kind[*ErrorPage](route(c)).Header[0].Name = "" }, `an error page asks with a field without a name`},
		"a bad filter of a backend":              {func(c *Config) { backend(c, 0).Filters[0].(*ModifyRequestHeader).Edit.Remove = nil }, `a header filter changes nothing`},
		"a listener without routes":              {func(c *Config) { listener(c).RouteSet = "" }, `listener https: it serves nothing`},
		"routes where there is no HTTP":          {func(c *Config) { listener(c).Protocol = TLS }, `it has routes but does not speak HTTP`},
		"routes for all hosts and scopes":        {func(c *Config) { shared(c).RouteSet = "default" }, `it has both routes for all hosts and scopes`},
		"streams in clear text":                  {func(c *Config) { shared(c).Protocol = HTTP }, `it has streams but speaks HTTP in clear text`},
		"several streams over TCP":               {func(c *Config) { shared(c).Protocol, shared(c).Scopes = TCP, nil }, `it has several streams that nothing tells apart`},
		"scopes out of order":                    {func(c *Config) { s := shared(c).Scopes; s[0], s[1] = s[1], s[0] }, `so the list is not sorted`},
		"a scope that is no pattern":             {func(c *Config) { shared(c).Scopes[1].Host = "*" }, `scope "*" is no host pattern`},
		"a scope without routes":                 {func(c *Config) { shared(c).Scopes[1].RouteSet = "x" }, `route set "x" is not defined`},
		"two streams of a host":                  {func(c *Config) { shared(c).Streams[1].Host = "pass.example.org" }, `"pass.example.org" is there twice`},
		"a stream without an ID":                 {func(c *Config) { shared(c).Streams[0].ID = "" }, `the ID is empty`},
		"two streams of an ID":                   {func(c *Config) { shared(c).Streams[0].ID = shared(c).Streams[1].ID }, `the ID is in use twice`},
		"a stream that is no pattern":            {func(c *Config) { shared(c).Streams[1].Host = "z/" }, `the host is no host pattern`},
		"a server name without TLS":              {func(c *Config) { l := shared(c); *l = Listener{Name: l.Name, Protocol: TCP, Streams: l.Streams[:1]} }, `it asks for a server name or an end of TLS where there is no TLS`},
		"a stream's timeout of requests":         {func(c *Config) { shared(c).Streams[0].Timeouts.Request = 1 }, `a timeout has no meaning for a stream`},
		"a stream's limit of an endpoint":        {func(c *Config) { shared(c).Streams[0].Limits.PerEndpoint = 1 }, `a limit has no meaning for a stream`},
		"a stream's backend with a filter":       {func(c *Config) { shared(c).Streams[0].Backends[0].Filters = []Filter{&Fault{}} }, `a backend has filters or a version, which streams have not`},
		"retries that are not its own":           {func(c *Config) { route(c).Retry.Own = false }, `a rule for retries that is not its own says something`},
		"a negative number of retries":           {func(c *Config) { route(c).Retry.Attempts = -1 }, `the number of retries is negative`},
		"a negative time of retries":             {func(c *Config) { route(c).Retry.PerTry = -1 }, `a time of the retries is negative`},
		"a budget of more than all":              {func(c *Config) { route(c).Retry.BudgetPercent = 101 }, `the budget of retries is not between 0 and 100`},
		"a retry after success":                  {func(c *Config) { route(c).Retry.Statuses[0] = 200 }, `a status to retry after is not between 400 and 599`},
		"statuses out of order":                  {func(c *Config) { s := route(c).Retry.Statuses; s[0], s[1] = s[1], s[0] }, `the statuses to retry after are not sorted`},
		"a rate limit without a key":             {func(c *Config) { kind[*RateLimit](route(c)).Key = "" }, `a rate limit has no key`},
		"a rate limit of nothing":                {func(c *Config) { kind[*RateLimit](route(c)).Per = 0 }, `a rate limit lets nothing pass`},
		"a rate limit without a burst":           {func(c *Config) { kind[*RateLimit](route(c)).Burst = 0 }, `a rate limit has no burst`},
		"a rate limit by something":              {func(c *Config) { kind[*RateLimit](route(c)).By = 9 }, `what tells the clients of a rate limit apart is unknown`},
		"a rate limit without a header":          {func(c *Config) { kind[*RateLimit](route(c)).Header = "" }, `a rate limit has a header without need, or lacks one`},
		"a rate limit by a header in upper case": {func(c *Config) { kind[*RateLimit](route(c)).Header = "X" }, `the header of a rate limit is not in lower case`},
		"two rate limits of a key": {func(c *Config) {
			route(c).Filters = append(route(c).Filters, &RateLimit{Key: "shop", Requests: 1, Per: 1, Burst: 1})
		}, `rate limits of one key differ`},
		"a limit of requests under way of nothing":    {func(c *Config) { kind[*ActiveLimit](route(c)).MaxActive = 0 }, `a limit of requests under way lets nothing pass`},
		"a limit of requests under way without a key": {func(c *Config) { kind[*ActiveLimit](route(c)).Key = "" }, `a limit of requests under way has no key`},
		"two limits of requests under way of a key": {func(c *Config) {
			route(c).Filters = append(route(c).Filters, &ActiveLimit{Key: "shop", MaxActive: 1})
		}, `limits of requests under way of one key differ`},
		"a demand of no name":                 {func(c *Config) { kind[*ClientCertificate](route(c)).Auth = "" }, `a client certificate of no demand is asked for`},
		"authentication of nobody":            {func(c *Config) { kind[*BasicAuth](route(c)).Users = nil }, `nobody may pass basic authentication`},
		"a realm with a quote":                {func(c *Config) { kind[*BasicAuth](route(c)).Realm = "\"" }, `the realm holds what a header cannot`},
		"limits without a bound":              {func(c *Config) { l := &route(c).Limits; l.MaxActive, l.PerEndpoint = 0, 0 }, `the limits bound nothing`},
		"a limit below 0":                     {func(c *Config) { route(c).Limits.PerEndpoint = -1 }, `a limit is negative`},
		"fairness by a claim without name":    {func(c *Config) { route(c).Limits.Queue.FairBy = FairClaim }, `a claim to tell clients apart is there without need, or missing`},
		"priority without classes":            {func(c *Config) { route(c).Limits.Queue.PriorityClasses = "" }, `a queue needs both a source and classes of priority, or neither`},
		"priority by two things":              {func(c *Config) { route(c).Limits.Queue.PriorityExpression = "'a'" }, `a queue has both a header and an expression of priority`},
		"priority by upper case":              {func(c *Config) { route(c).Limits.Queue.PriorityHeader = "X" }, `the header of the priority is not in lower case`},
		"too many classes of priority":        {func(c *Config) { route(c).Limits.Queue.PriorityClasses = "a,b,c,d,e,f,g,h,i" }, `there are too many classes of priority`},
		"limits without a key":                {func(c *Config) { route(c).Limits.Key = "" }, `the limits have no key`},
		"a source without an object":          {func(c *Config) { route(c).Sources[0] = Source{Setting: "limits"} }, `a source has no setting, or no object`},
		"limits that differ":                  {func(c *Config) { r := hosts(c)[1].Routes; r[1].Limits = Limits{Key: r[0].Limits.Key, MaxActive: 1} }, `routes that share limits differ in them`},
		"a queue of negative length":          {func(c *Config) { route(c).Limits.Queue.Length = -1 }, `the length of the queue is negative`},
		"a queue without a timeout":           {func(c *Config) { route(c).Limits.Queue.Timeout = 0 }, `a queue needs both a length and a timeout`},
		"a queue of an unknown order":         {func(c *Config) { route(c).Limits.Queue.Order = 9 }, `the order of the queue is unknown`},
		"an unknown fairness":                 {func(c *Config) { route(c).Limits.Queue.FairBy = 9 }, `what tells the clients of the queue apart is unknown`},
		"fairness without a header":           {func(c *Config) { route(c).Limits.Queue.FairHeader = "" }, `a header to tell clients apart is there without need, or missing`},
		"fairness by upper case":              {func(c *Config) { route(c).Limits.Queue.FairHeader = "X" }, `the header to tell clients apart is not in lower case`},
		"a filter that is nil":                {func(c *Config) { route(c).Filters[0] = nil }, `a filter is nil`},
		"a filter that is a nil pointer":      {func(c *Config) { route(c).Filters[0] = (*RedirectHTTPS)(nil) }, `a filter is nil`},
		"a filter of another type":            {func(c *Config) { route(c).Filters[0] = otherFilter{} }, `a filter is of the unknown type ir.otherFilter`},
		"a redirect that does not":            {func(c *Config) { route(c).Filters[0] = &RedirectHTTPS{Status: 200, Port: 1} }, `the status 200 of a redirect does not redirect`},
		"a redirect to no port":               {func(c *Config) { route(c).Filters[0] = &RedirectHTTPS{Status: 308} }, `redirect-https has no port`},
		"no action":                           {func(c *Config) { route(c).Action = nil }, `it has no action`},
		"an action that is a nil pointer":     {func(c *Config) { route(c).Action = (*Forward)(nil) }, `it has no action`},
		"an answer that is a nil pointer":     {func(c *Config) { route(c).Action = (*Respond)(nil) }, `it has no action`},
		"an action of another type":           {func(c *Config) { route(c).Action = otherAction{} }, `the action is of the unknown type ir.otherAction`},
		"an answer of no status":              {func(c *Config) { route(c).Action = &Respond{Status: 600} }, `the status is not between 200 and 599`},
		"a weight too high":                   {func(c *Config) { backend(c, 0).Weight = 1_000_001 }, `a weight is not between 0 and 1,000,000`},
		"a negative weight":                   {func(c *Config) { backend(c, 0).Weight = -1 }, `a weight is not between 0 and 1,000,000`},
		"an upstream that is missing":         {func(c *Config) { backend(c, 0).Upstream = "x" }, `upstream "x" is not defined`},
		"a failure of another status":         {func(c *Config) { backend(c, 2).FailStatus = 404 }, `the status of a backend without upstream is neither 500 nor 503`},
		"a failure without a reason":          {func(c *Config) { backend(c, 2).FailReason = "" }, `a backend without upstream says no reason`},
		"a negative timeout":                  {func(c *Config) { route(c).Timeouts.Idle = -1 }, `a timeout is negative`},
		"a negative bound":                    {func(c *Config) { route(c).MaxBodyBytes = -1 }, `the bound of the body is negative`},
		"a route for CONNECT by another name": {func(c *Config) { route(c).Connect = true }, `a route for CONNECT matches another method, or buffers requests`},
		"a negative buffer":                   {func(c *Config) { route(c).BufferResponse.DiskBytes = -1 }, `a bound of the response's buffer is negative`},
		"an upstream without endpoints":       {func(c *Config) { c.Upstreams[0].Endpoints = "" }, `upstream ns/shop-v1:80: it names no endpoint set`},
		"an upstream of another protocol":     {func(c *Config) { c.Upstreams[0].Protocol = 9 }, `upstream ns/shop-v1:80: the protocol is unknown`},
		"an upstream of another balance":      {func(c *Config) { c.Upstreams[0].Balance = Balance{Strategy: 9} }, `upstream ns/shop-v1:80: the balance is unknown`},
		"choices of what is not random":       {func(c *Config) { c.Upstreams[0].Balance.Choices = 1 }, `a balance that is not random has choices`},
		"sessions that nothing carries":       {func(c *Config) { sticky(c).Source = StickyNone }, `sessions that nothing carries have attributes`},
		"sessions carried by the unknown":     {func(c *Config) { sticky(c).Source = 9 }, `what carries sessions is unknown`},
		"a header with a path":                {func(c *Config) { sticky(c).Source = StickyHeader }, `a header that carries sessions has attributes of a cookie`},
		"a session header in upper case":      {func(c *Config) { *sticky(c) = Sticky{Source: StickyHeader, Name: "X"} }, `the header that carries sessions is not in lower case`},
		"a cookie without a name":             {func(c *Config) { sticky(c).Name = "" }, `the name of what carries sessions is not valid`},
		"a cookie with a forged attribute":    {func(c *Config) { sticky(c).Path = "/; Domain=x" }, `the path of the cookie that carries sessions is not valid`},
		"a cookie with a forged domain":       {func(c *Config) { sticky(c).Domain = "x; Path=/" }, `the domain of the cookie that carries sessions is not valid`},
		"a permanent cookie without end":      {func(c *Config) { sticky(c).Lifetime = 0 }, `the lifetime of sessions is negative, or missing for a permanent cookie`},
		"an unknown SameSite":                 {func(c *Config) { sticky(c).SameSite = "x" }, `the cookie's attribute SameSite is unknown`},
		"an unknown Secure":                   {func(c *Config) { sticky(c).Secure = 9 }, `when the cookie is secure is unknown`},
		"a random balance without choices":    {func(c *Config) { c.Upstreams[0].Balance = Balance{Strategy: Random} }, `the choices of a random balance are neither 1 nor 2`},
		"an expression without a cost":        {func(c *Config) { c.Upstreams[0].Balance = Balance{Strategy: Expression} }, `a cost of endpoints is there without need, or missing`},
		"a hash of what does not hash":        {func(c *Config) { c.Upstreams[0].Balance.Strategy = RoundRobin }, `a balance that does not hash says what by`},
		"a hash of nothing":                   {func(c *Config) { c.Upstreams[0].Balance.Hash = HashBy{} }, `what the balance hashes is unknown`},
		"a hash without a name":               {func(c *Config) { c.Upstreams[0].Balance.Hash.Name = "" }, `the name of what the balance hashes is there without need, or missing`},
		"a hash of a path with a name":        {func(c *Config) { c.Upstreams[0].Balance.Hash.Source = HashPath }, `the name of what the balance hashes is there without need, or missing`},
		"a hash of a header in upper case":    {func(c *Config) { c.Upstreams[0].Balance.Hash.Name = "X" }, `the header that the balance hashes is not in lower case`},
		"a bound below the average":           {func(c *Config) { c.Upstreams[0].Balance.Hash.MaxLoadPercent = 99 }, `the bound of the load is below 100 percent`},
		"an ejection after no failures":       {func(c *Config) { c.Upstreams[0].Health.Passive.Failures = 0 }, `an ejection after no failures says something`},
		"negative failures":                   {func(c *Config) { c.Upstreams[0].Health.Passive.Failures = -1 }, `the failures before an ejection are negative`},
		"an ejection for no time":             {func(c *Config) { c.Upstreams[0].Health.Passive.EjectFor = 0 }, `the time of an ejection is not positive`},
		"too many ejected":                    {func(c *Config) { c.Upstreams[0].Health.Passive.MaxPercent = 101 }, `how many may be ejected is not between 1 and 100 percent`},
		"a status that is none":               {func(c *Config) { c.Upstreams[0].Health.Passive.Statuses[1].To = 600 }, `the statuses that count as failures are not between 100 and 599`},
		"statuses in no order":                {func(c *Config) { c.Upstreams[0].Health.Passive.Statuses[0] = StatusRange{500, 500} }, `the statuses that count as failures are not in order`},
		"a slow start in the past":            {func(c *Config) { c.Upstreams[0].Balance.SlowStart = -1 }, `the slow start is negative`},
		"a negative number of connections":    {func(c *Config) { c.Upstreams[0].MaxIdlePerEndpoint = -1 }, `the number of idle connections is negative`},
		"an upstream without a key":           {func(c *Config) { c.Upstreams = append([]Upstream{{Endpoints: "x"}}, c.Upstreams...) }, `upstream "": the key is empty`},
		"an upstream that is not in use":      {func(c *Config) { c.Upstreams = append(c.Upstreams, Upstream{Key: "z", Endpoints: "z"}) }, `upstream z: no action names it`},
		"two upstreams of a key":              {func(c *Config) { c.Upstreams[1].Key = "ns/shop-v1:80" }, `"ns/shop-v1:80" is there twice`},
		"two certificates of a name":          {func(c *Config) { c.Certificates[1].Name = "ns/ecdsa" }, `"ns/ecdsa" is there twice`},
		"a certificate that is not in use":    {func(c *Config) { c.Certificates[1].Name = "ns/z" }, `certificate ns/z: nothing names it`},
		"TLS that is not spoken":              {func(c *Config) { c.Upstreams[1].TLS.Enabled = false }, `upstream static: it says something about TLS that is not spoken`},
		"endpoints of no CA":                  {func(c *Config) { c.Upstreams[1].TLS.CAs = "" }, `it needs either the CAs of the system or CAs of its own`},
		"endpoints that may be anybody":       {func(c *Config) { c.Upstreams[1].TLS.Names, c.Upstreams[1].TLS.URIs = nil, nil }, `it names nobody that an endpoint may be`},
		"names that are not verified":         {func(c *Config) { c.Upstreams[1].TLS.Unverified = true }, `it says what endpoints must prove, and verifies nothing`},
		"a missing certificate for endpoints": {func(c *Config) { c.Upstreams[1].TLS.Certificate = "x" }, `upstream static: certificate "x" is not defined`},
		"a certificate without a chain":       {func(c *Config) { c.Certificates[1].ChainPEM = nil }, `certificate ns/rsa: the chain is empty`},
		"a certificate without a key":         {func(c *Config) { c.Certificates[1].KeyPEM = nil }, `certificate ns/rsa: the key is empty`},
		"a certificate of no fingerprint":     {func(c *Config) { c.Certificates[1].Fingerprint = "" }, `certificate ns/rsa: the fingerprint is empty`},
		"a certificate without a name": {func(c *Config) {
			c.Certificates = append([]Certificate{{}}, c.Certificates...)
		}, `certificate "": the name is empty`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := sample()
			tt.harm(c)
			err := Validate(c)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Validate says %v, want %q", err, tt.want)
			}
		})
	}
}

func TestProblemsNameTheirObject(t *testing.T) {
	c := sample()
	c.RouteSets[0].Hosts[1].Routes[1].Action = nil
	problems := Problems(c)
	if len(problems) != 1 {
		t.Fatalf("want one problem, got %v", problems)
	}
	p := problems[0]
	if p.Origin.Name != "shop" || p.Field != "spec.rules[0].http.paths[1]" || p.Where != "route ingress/ns/shop/0/1" {
		t.Errorf("the problem is about %+v", p)
	}
}
