package extauth

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	typev3 "github.com/envoyproxy/go-control-plane/envoy/type/v3"
	"github.com/google/go-cmp/cmp"
	rpcstatus "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
)

// authorizer is a server of the service, by Envoy's own types.
type authorizer struct {
	answer *authv3.CheckResponse
	asked  *authv3.CheckRequest
	status string
	odd    func(message []byte) []byte
}

func (s *authorizer) Call(c *filter.Call) error {
	if string(c.Request.Path) != "/envoy.service.auth.v3.Authorization/Check" || len(c.Body) < 5 || int(binary.BigEndian.Uint32(c.Body[1:])) != len(c.Body)-5 {
		return errors.New("it is no call")
	}
	s.asked = new(authv3.CheckRequest)
	if err := proto.Unmarshal(c.Body[5:], s.asked); err != nil {
		return err
	}
	content, err := proto.Marshal(s.answer)
	if err != nil {
		return err
	}
	c.Reply = append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(content))), content...)
	if s.odd != nil {
		c.Reply = s.odd(c.Reply)
	}
	c.Response.Status = 200
	c.Trailer.Add("grpc-status", []byte(s.status))
	return nil
}

func grpcSpec() *ir.ExternalAuth {
	s := spec()
	s.Protocol, s.Headers, s.AllHeaders, s.ToEndpoint = ir.AuthGRPC, nil, true, nil
	return s
}

func TestTheCheckRequest(t *testing.T) {
	to := &authorizer{answer: &authv3.CheckResponse{}, status: "0"}
	s := grpcSpec()
	s.MaxBody = 100
	f := newFilter(t, s, to)
	x := ask("Accept: a", "accept: b", "Cookie: c=1", "Cookie: d=2", "X-Odd: \xff", "Content-Length: 5")
	x.Secure, x.Subject, x.Request.Length = true, "CN=a", 5
	if a := f.OnRequestHead(x); a != nil {
		t.Fatalf("got %+v", a)
	}
	want := &authv3.CheckRequest{Attributes: &authv3.AttributeContext{
		Source: &authv3.AttributeContext_Peer{
			Address: &corev3.Address{Address: &corev3.Address_SocketAddress{SocketAddress: &corev3.SocketAddress{
				Address: "192.0.2.7", PortSpecifier: &corev3.SocketAddress_PortValue{PortValue: 1234},
			}}},
			Principal: "CN=a",
		},
		Request: &authv3.AttributeContext_Request{Http: &authv3.AttributeContext_HttpRequest{
			Id: "id1", Method: "POST", Path: "/cart?a=b&c=d", Host: "Shop.example:8080", Scheme: "https", Size: 5, Protocol: "HTTP/1.1", Body: "hello",
			Headers: map[string]string{"accept": "a,b", "cookie": "c=1; d=2", "x-odd": "!"},
		}},
	}}
	if diff := cmp.Diff(want, to.asked, protocmp.Transform()); diff != "" {
		t.Errorf("want (-) got (+):\n%s", diff)
	}
}

func option(name, value string) *corev3.HeaderValueOption {
	return &corev3.HeaderValueOption{Header: &corev3.HeaderValue{Key: name, Value: value}}
}

func TestTheCheckResponse(t *testing.T) {
	appended := option("X-Many", "2")
	appended.Append = wrapperspb.Bool(true) //nolint:staticcheck // Servers of before append_action send it.
	absent, exists := option("X-Absent", "1"), option("X-Exists", "1")
	absent.AppendAction = corev3.HeaderValueOption_ADD_IF_ABSENT
	exists.AppendAction = corev3.HeaderValueOption_OVERWRITE_IF_EXISTS
	raw := &corev3.HeaderValueOption{Header: &corev3.HeaderValue{Key: "X-Raw", RawValue: []byte("r")}}
	granted := &authv3.CheckResponse{HttpResponse: &authv3.CheckResponse_OkResponse{OkResponse: &authv3.OkHttpResponse{
		Headers:              []*corev3.HeaderValueOption{option("X-User", "alice"), appended, absent, exists, raw, option("Host", "evil"), option(":path", "/evil")},
		HeadersToRemove:      []string{"X-Gone", "Host"},
		ResponseHeadersToAdd: []*corev3.HeaderValueOption{option("X-Later", "1")},
		QueryParametersToSet: []*corev3.QueryParameter{{Key: "c", Value: "e f"}}, QueryParametersToRemove: []string{"a"},
	}}}
	f := newFilter(t, grpcSpec(), &authorizer{answer: granted, status: "0"})
	x := ask("X-User: root", "X-Many: 1", "X-Gone: 1", "X-Absent: 0")
	if a := f.OnRequestHead(x); a != nil {
		t.Fatalf("got %+v", a)
	}
	var lines []string
	for _, f := range x.Request.Header.Fields() {
		lines = append(lines, string(f.Name)+": "+string(f.Value))
	}
	if got := strings.Join(lines, ", "); got != "X-Many: 1, X-Absent: 0, X-User: alice, X-Many: 2, X-Raw: r" {
		t.Errorf("the endpoint gets %s", got)
	}
	if string(x.Request.Query) != "c=e+f" || len(x.Later) != 1 || string(x.Principal) != "alice" {
		t.Errorf("the query is %q, the client gets %v, it is %q", x.Request.Query, x.Later, x.Principal)
	}
	denied := &authv3.CheckResponse{
		Status: &rpcstatus.Status{Code: 16},
		HttpResponse: &authv3.CheckResponse_DeniedResponse{DeniedResponse: &authv3.DeniedHttpResponse{
			Status: &typev3.HttpStatus{Code: typev3.StatusCode_Unauthorized}, Headers: []*corev3.HeaderValueOption{option("WWW-Authenticate", "x"), option("Content-Length", "9")}, Body: "no",
		}},
	}
	for name, tt := range map[string]struct {
		server authorizer
		status int
		body   string
	}{
		"a no":                        {authorizer{answer: denied, status: "0"}, 401, "no"},
		"a no without a status":       {authorizer{answer: &authv3.CheckResponse{Status: &rpcstatus.Status{Code: 7}}, status: "0"}, 403, ""},
		"a no in the form of a yes":   {authorizer{answer: &authv3.CheckResponse{Status: &rpcstatus.Status{Code: 7}, HttpResponse: granted.HttpResponse}, status: "0"}, 403, ""},
		"a yes in the form of a no":   {authorizer{answer: &authv3.CheckResponse{HttpResponse: denied.HttpResponse}, status: "0"}, 503, ""},
		"an error of gRPC":            {authorizer{answer: granted, status: "14"}, 503, ""},
		"no status of gRPC":           {authorizer{answer: granted}, 503, ""},
		"a compressed message":        {authorizer{answer: granted, status: "0", odd: func(m []byte) []byte { m[0] = 1; return m }}, 503, ""},
		"a message that breaks off":   {authorizer{answer: granted, status: "0", odd: func(m []byte) []byte { return m[:len(m)-1] }}, 503, ""},
		"two messages":                {authorizer{answer: granted, status: "0", odd: func(m []byte) []byte { return append(m, m...) }}, 503, ""},
		"no message":                  {authorizer{answer: granted, status: "0", odd: func([]byte) []byte { return nil }}, 503, ""},
		"no protobuf":                 {authorizer{answer: granted, status: "0", odd: func([]byte) []byte { return []byte("\x00\x00\x00\x00\x03abc") }}, 503, ""},
		"a field that cannot be sent": {authorizer{answer: withOption(option("X-A", "a\r\nX-B: b")), status: "0"}, 503, ""},
		"a field with an odd name":    {authorizer{answer: withOption(option("X A", "a")), status: "0"}, 503, ""},
		"a field that has no name":    {authorizer{answer: withOption(&corev3.HeaderValueOption{}), status: "0"}, 503, ""},
		"a status that is no refusal": {authorizer{answer: withStatus(200), status: "0"}, 403, ""},
		"a status that there is not":  {authorizer{answer: withStatus(99), status: "0"}, 403, ""},
		"a redirect":                  {authorizer{answer: withStatus(302), status: "0"}, 302, ""},
		"a status that is an error":   {authorizer{answer: withStatus(503), status: "0"}, 503, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := newFilter(t, grpcSpec(), &tt.server).OnRequestHead(ask())
			if a == nil || a.Status != tt.status || string(a.Body) != tt.body {
				t.Fatalf("got %+v, want %d", a, tt.status)
			}
			for _, field := range a.Header {
				if field.Name == "Content-Length" {
					t.Error("a field of the framing is passed on")
				}
			}
		})
	}
}

func withOption(o *corev3.HeaderValueOption) *authv3.CheckResponse {
	return &authv3.CheckResponse{HttpResponse: &authv3.CheckResponse_OkResponse{OkResponse: &authv3.OkHttpResponse{Headers: []*corev3.HeaderValueOption{o}}}}
}

func withStatus(code int32) *authv3.CheckResponse {
	return &authv3.CheckResponse{
		Status:       &rpcstatus.Status{Code: 7},
		HttpResponse: &authv3.CheckResponse_DeniedResponse{DeniedResponse: &authv3.DeniedHttpResponse{Status: &typev3.HttpStatus{Code: typev3.StatusCode(code)}}},
	}
}

// FuzzCheckResponse compares the reader with protobuf's own.
func FuzzCheckResponse(f *testing.F) {
	seed, _ := proto.Marshal(withStatus(302))
	f.Add(seed)
	seed, _ = proto.Marshal(withOption(option("a", "b")))
	f.Add(seed)
	f.Fuzz(func(t *testing.T, message []byte) {
		got, err := parseCheck(message)
		if err != nil {
			return
		}
		var want authv3.CheckResponse
		if proto.Unmarshal(message, &want) != nil {
			return // Such as texts that are no UTF-8.
		}
		if int32(got.code) != want.GetStatus().GetCode() {
			t.Errorf("the code is %d, want %d", got.code, want.GetStatus().GetCode())
		}
	})
}
