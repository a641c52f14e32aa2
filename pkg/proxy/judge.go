package proxy

// judge tells the endpoint's pool how a try ended, where the pool ejects endpoints. What is not
// the endpoint's doing is not told. Neither is that a connection of earlier requests was
// closed, which endpoints do at any time, that the time of all tries was over, or that
// an endpoint that is going away refused a request.
func (x *exchange) judge(f *fault) {
	switch {
	case !x.pool.Judged():
	case f == nil, f == faultRetryStatus, f == faultReplaced:
		x.last.Judge(x.resp.Status, "")
	case f.side != ofEndpoint, f == faultRequestSlow, f == faultEndpointRefused:
	case x.reused && (f == faultEndpointSend || f == faultEndpointClosed):
	default:
		x.last.Judge(0, f.reason)
	}
}
