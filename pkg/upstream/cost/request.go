package cost

import (
	"errors"
	"reflect"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"

	"github.com/sluice-dev/sluice/pkg/upstream/balance"
)

// requestType is the type of the variable request, of which only header may be asked.
var requestType = cel.OpaqueType("sluice.request")

// request is the variable request. Without a balance.Asker nothing is known of it.
type request struct{ balance.Asker }

var _ ref.Val = (*request)(nil)

var errOpaque = errors.New("a request cannot be converted")

// ConvertToNative implements ref.Val.
func (r *request) ConvertToNative(reflect.Type) (any, error) { return nil, errOpaque }

// ConvertToType implements ref.Val.
func (r *request) ConvertToType(ref.Type) ref.Val { return types.WrapErr(errOpaque) }

// Equal implements ref.Val.
func (r *request) Equal(other ref.Val) ref.Val { return types.Bool(other == ref.Val(r)) }

// Type implements ref.Val.
func (r *request) Type() ref.Type { return requestType }

// Value implements ref.Val.
func (r *request) Value() any { return r }

// header is the function request.header(name): the first line of that name, "" where there is none.
func header(of, name ref.Val) ref.Val {
	r, ok := of.(*request)
	text, isText := name.(types.String)
	if !ok || !isText || r.Asker == nil {
		return types.String("")
	}
	return types.String(r.Header(strings.ToLower(string(text))))
}

func (r *request) resolve(name string) (any, bool) {
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
