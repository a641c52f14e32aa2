package proxy

// stick binds the client's session to the endpoint that has answered, where the route
// keeps sessions.
func (x *exchange) stick() {
	if x.tries == 0 {
		return
	}
	name, value := x.route.Stick(x.last, x.ask, x.secure)
	switch name {
	case "":
	case "Set-Cookie":
		// The endpoint may set cookies, too.
		x.resp.Header.Add(name, []byte(value))
	default:
		x.resp.Header.Set(name, []byte(value))
	}
}
