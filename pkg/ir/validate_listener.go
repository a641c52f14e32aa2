package ir

func (v *validator) listener(l *Listener) {
	v.check(l.Name != "", "the name is empty")
	v.check(l.Protocol <= UDP, "the protocol is unknown")
	v.served(l)
	v.check(!l.HTTP3 || l.Protocol == HTTPS, "it serves HTTP/3 but not HTTPS")
	v.check((l.HTTP3 && l.Port != 0) == (l.HTTP3Port != 0), "it has a port for HTTP/3 that it does not need, or needs one")
	secure := l.Protocol == HTTPS || l.Protocol == TLS
	if !secure {
		v.check(len(l.TLS.Bindings) == 0 && l.TLS.Default == "", "it has certificates but does not speak TLS")
		v.check(len(l.TLS.Hosts) == 0, "it has policies of TLS but does not speak it")
		v.check(l.TLS.Client == ClientAuth{}, "it asks for client certificates but does not speak TLS")
	}
	v.clientAuth(&l.TLS.Client)
	v.tlsHosts(l.TLS.Hosts)
	if l.TLS.Default != "" {
		v.refer(v.certificates, "certificate", l.TLS.Default)
	}
	for i, b := range l.TLS.Bindings {
		v.ascending(i, func(i int) string { return l.TLS.Bindings[i].Host })
		if b.Host == "" || !validPattern(b.Host) {
			v.problem("binding %q is no host pattern", b.Host)
		}
		if len(b.Certificates) == 0 {
			v.problem("binding %q has no certificate", b.Host)
		}
		for _, name := range b.Certificates {
			v.refer(v.certificates, "certificate", name)
		}
	}
	// The streams last, since they change what v is at.
	for i := range l.Streams {
		v.stream(l, i)
	}
}

// served checks what a listener serves.
func (v *validator) served(l *Listener) {
	http := l.Protocol == HTTP || l.Protocol == HTTPS
	if l.RouteSet != "" {
		v.refer(v.sets, "route set", l.RouteSet)
	}
	v.check(!http || l.RouteSet != "" || len(l.Scopes)+len(l.Streams) > 0, "it serves nothing")
	v.check(http || l.RouteSet == "" && len(l.Scopes) == 0, "it has routes but does not speak HTTP")
	v.check(l.RouteSet == "" || len(l.Scopes) == 0, "it has both routes for all hosts and scopes")
	v.check(l.Protocol != HTTP || len(l.Streams) == 0, "it has streams but speaks HTTP in clear text")
	v.check(l.Protocol != TCP && l.Protocol != UDP || len(l.Streams) <= 1, "it has several streams that nothing tells apart")
	for i, s := range l.Scopes {
		v.ascending(i, func(i int) string { return l.Scopes[i].Host })
		if !validPattern(s.Host) {
			v.problem("scope %q is no host pattern", s.Host)
		}
		v.refer(v.sets, "route set", s.RouteSet)
	}
	for i := range l.Streams {
		v.ascending(i, func(i int) string { return l.Streams[i].Host })
	}
}

func (v *validator) stream(l *Listener, i int) {
	s := &l.Streams[i]
	v.at(s.Origin, s.Field, "stream", s.ID)
	v.check(s.ID != "", "the ID is empty")
	v.check(!v.routes[s.ID], "the ID is in use twice")
	v.routes[s.ID] = true
	v.check(validPattern(s.Host), "the host is no host pattern")
	secure := l.Protocol == HTTPS || l.Protocol == TLS
	v.check(secure || s.Host == "" && !s.Terminate, "it asks for a server name or an end of TLS where there is no TLS")
	v.check(min(s.Timeouts.Connect, s.Timeouts.TunnelIdle) >= 0, "a timeout is negative")
	v.check(s.Timeouts == Timeouts{Connect: s.Timeouts.Connect, TunnelIdle: s.Timeouts.TunnelIdle}, "a timeout has no meaning for a stream")
	v.limits(s.Limits)
	v.check(l.Protocol != UDP || s.Limits == Limits{}, "it bounds sessions of UDP")
	v.check(s.Limits.PerEndpoint == 0 && s.Limits.Queue == Queue{}, "a limit has no meaning for a stream")
	for _, b := range s.Backends {
		v.backend(b)
		v.check(len(b.Filters) == 0 && b.Version == "", "a backend has filters or a version, which streams have not")
	}
}
