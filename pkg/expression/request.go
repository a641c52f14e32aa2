package expression

import (
	"errors"
	"reflect"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
)

// Asker is what an expression may ask of a request. It is called only while the program runs.
type Asker interface {
	Method() string
	Host() string
	Path() string
	// Client is the client's address, empty where it is not known.
	Client() string
	// Header returns the first line of a field, whose name is in lower case; "" for none.
	Header(name string) string
}

// Claimer is an Asker that knows the claims of a token that was verified.
type Claimer interface {
	Asker
	// Claim returns a claim as text, "" for none.
	Claim(name string) string
}

// requestType is the type of the variable request, of which only functions may be asked.
var requestType = cel.OpaqueType("sluice.request")

const (
	functionHeader = "header"
	functionClaim  = "claim"
)

// requestNames declares the variable request and its fields.
func requestNames() []cel.EnvOption {
	return []cel.EnvOption{
		cel.Variable("request", requestType),
		cel.Variable("request.method", cel.StringType),
		cel.Variable("request.host", cel.StringType),
		cel.Variable("request.path", cel.StringType),
		cel.Variable("request.client", cel.StringType),
		cel.Function(functionHeader, cel.MemberOverload("request_header", []*cel.Type{requestType, cel.StringType}, cel.StringType,
			cel.BinaryBinding(header))),
	}
}

// Claims declares request.claim(name), for a Language whose askers are Claimers.
func Claims() cel.EnvOption {
	return cel.Function(functionClaim, cel.MemberOverload("request_claim", []*cel.Type{requestType, cel.StringType}, cel.StringType,
		cel.BinaryBinding(claim)))
}

// Request is the variable request. Without an Asker nothing is known of it.
type Request struct{ Asker }

var _ ref.Val = (*Request)(nil)

var errOpaque = errors.New("a request cannot be converted")

// ConvertToNative implements ref.Val.
func (r *Request) ConvertToNative(reflect.Type) (any, error) { return nil, errOpaque }

// ConvertToType implements ref.Val.
func (r *Request) ConvertToType(ref.Type) ref.Val { return types.WrapErr(errOpaque) }

// Equal implements ref.Val.
func (r *Request) Equal(other ref.Val) ref.Val { return types.Bool(other == ref.Val(r)) }

// Type implements ref.Val.
func (r *Request) Type() ref.Type { return requestType }

// Value implements ref.Val.
func (r *Request) Value() any { return r }

// header is the function request.header(name): the first line of that name, "" where there is none.
func header(of, name ref.Val) ref.Val {
	r, ok := of.(*Request)
	text, isText := name.(types.String)
	if !ok || !isText || r.Asker == nil {
		return types.String("")
	}
	return types.String(r.Header(strings.ToLower(string(text))))
}

// claim is the function request.claim(name): that of the client's token, "" where there is none.
func claim(of, name ref.Val) ref.Val {
	r, ok := of.(*Request)
	text, isText := name.(types.String)
	if !ok || !isText {
		return types.String("")
	}
	if c, ok := r.Asker.(Claimer); ok {
		return types.String(c.Claim(string(text)))
	}
	return types.String("")
}

// Resolve returns the value of a name, as an activation must; false where it is none of the request's.
func (r *Request) Resolve(name string) (any, bool) {
	if name == "request" {
		return r, true
	}
	if r.Asker == nil {
		return types.String(""), true
	}
	switch name {
	case "request.method":
		return types.String(r.Method()), true
	case "request.host":
		return types.String(r.Host()), true
	case "request.path":
		return types.String(r.Path()), true
	case "request.client":
		return types.String(r.Client()), true
	}
	return nil, false
}
