package extauth

import (
	"errors"
	"maps"
	"net/netip"
	"slices"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

// attributes is what a CheckRequest says (envoy/service/auth/v3/attribute_context.proto).
type attributes struct {
	source    netip.AddrPort
	principal string
	id        string
	method    string
	host      string
	scheme    string
	// path has the query.
	path     string
	size     int64
	protocol string
	headers  map[string]string
	body     []byte
}

// The numbers of the fields that are written and read.
const (
	checkAttributes = 1

	attributesSource  = 1
	attributesRequest = 4

	peerAddress   = 1
	peerPrincipal = 4

	addressSocket = 1

	socketAddress = 2
	socketPort    = 3

	requestHTTP = 2

	httpID       = 1
	httpMethod   = 2
	httpHeaders  = 3
	httpPath     = 4
	httpHost     = 5
	httpScheme   = 6
	httpSize     = 9
	httpProtocol = 10
	httpBody     = 11
	httpRawBody  = 12
)

// appendCheck appends a CheckRequest. Maps are in order, so that equal ones read equal.
func appendCheck(dst []byte, a *attributes) []byte {
	var socket, request []byte
	if a.source.IsValid() {
		socket = appendText(socket, socketAddress, a.source.Addr().String())
		socket = appendNumber(socket, socketPort, uint64(a.source.Port()))
	}
	peer := appendBytes(nil, peerAddress, appendBytes(nil, addressSocket, socket))
	peer = appendText(peer, peerPrincipal, a.principal)

	request = appendText(request, httpID, a.id)
	request = appendText(request, httpMethod, a.method)
	for _, name := range slices.Sorted(maps.Keys(a.headers)) {
		request = appendBytes(request, httpHeaders, appendBytes(appendBytes(nil, 1, []byte(name)), 2, []byte(valid(a.headers[name]))))
	}
	request = appendText(request, httpPath, a.path)
	request = appendText(request, httpHost, a.host)
	request = appendText(request, httpScheme, a.scheme)
	request = appendNumber(request, httpSize, uint64(a.size))
	request = appendText(request, httpProtocol, a.protocol)
	switch {
	case len(a.body) == 0:
	case utf8.Valid(a.body):
		request = appendBytes(request, httpBody, a.body)
	default:
		request = appendBytes(request, httpRawBody, a.body)
	}
	context := appendBytes(nil, attributesSource, peer)
	context = appendBytes(context, attributesRequest, appendBytes(nil, requestHTTP, request))
	return appendBytes(dst, checkAttributes, context)
}

// valid makes UTF-8 of a text, as strings of protobuf must be.
func valid(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	out := make([]rune, 0, len(s))
	for _, c := range []byte(s) {
		if c >= utf8.RuneSelf {
			out = append(out, '!') // As Envoy writes what is not ASCII.
			continue
		}
		out = append(out, rune(c))
	}
	return string(out)
}

func appendBytes(dst []byte, field protowire.Number, content []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(dst, field, protowire.BytesType), content)
}

func appendText(dst []byte, field protowire.Number, s string) []byte {
	if s == "" {
		return dst
	}
	return protowire.AppendString(protowire.AppendTag(dst, field, protowire.BytesType), valid(s))
}

func appendNumber(dst []byte, field protowire.Number, n uint64) []byte {
	if n == 0 {
		return dst
	}
	return protowire.AppendVarint(protowire.AppendTag(dst, field, protowire.VarintType), n)
}

// checkAnswer is what a CheckResponse says (envoy/service/auth/v3/external_auth.proto).
type checkAnswer struct {
	// code is that of google.rpc.Status; 0 is a yes.
	code int
	// status is what a no is answered with, 0 where it does not say.
	status int
	// headers are for the endpoint with a yes, and for the client with a no.
	headers         []headerOption
	responseHeaders []headerOption
	remove          []string
	setQuery        []pair
	removeQuery     []string
	body            string
	// denied and granted say which of the two messages there is.
	denied, granted bool
}

// headerOption is a HeaderValueOption (envoy/config/core/v3/base.proto).
type headerOption struct {
	name, value string
	appends     bool
	action      uint64
}

// The values of HeaderAppendAction besides that to append and that to overwrite.
const (
	actionAddIfAbsent       = 1
	actionOverwrite         = 2
	actionOverwriteIfExists = 3
)

var errMessage = errors.New("the answer is no CheckResponse")

// maxOptions bounds the fields that an answer sets.
const maxOptions = 256

// each calls yield for each field of a message, with its number and its content or value.
func each(message []byte, yield func(n protowire.Number, content []byte, value uint64) error) error {
	for len(message) > 0 {
		n, kind, size := protowire.ConsumeTag(message)
		if size < 0 {
			return errMessage
		}
		message = message[size:]
		var content []byte
		var value uint64
		switch kind {
		case protowire.BytesType:
			content, size = protowire.ConsumeBytes(message)
		case protowire.VarintType:
			value, size = protowire.ConsumeVarint(message)
		default:
			size = protowire.ConsumeFieldValue(n, kind, message)
			n = 0 // None of ours.
		}
		if size < 0 {
			return errMessage
		}
		message = message[size:]
		if err := yield(n, content, value); err != nil {
			return err
		}
	}
	return nil
}

// parseCheck reads a CheckResponse. What it does not know it skips, as protobuf does.
func parseCheck(message []byte) (*checkAnswer, error) {
	a := new(checkAnswer)
	err := each(message, func(n protowire.Number, content []byte, _ uint64) error {
		switch n {
		case 1: // status
			return each(content, func(n protowire.Number, _ []byte, value uint64) error {
				if n == 1 {
					a.code = int(int32(value))
				}
				return nil
			})
		case 2: // denied_response
			a.denied = true
			return a.parseDenied(content)
		case 3: // ok_response
			a.granted = true
			return a.parseGranted(content)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	// A yes with the fields of a no, or the other way round, is no answer at all.
	if a.denied && a.granted || a.code == 0 && a.denied {
		return nil, errMessage
	}
	if a.code != 0 && a.granted {
		a.headers, a.remove, a.responseHeaders, a.setQuery, a.removeQuery = nil, nil, nil, nil, nil
	}
	return a, nil
}

func (a *checkAnswer) parseDenied(message []byte) error {
	return each(message, func(n protowire.Number, content []byte, _ uint64) error {
		switch n {
		case 1: // status
			return each(content, func(n protowire.Number, _ []byte, value uint64) error {
				if n == 1 && value <= 999 {
					a.status = int(value)
				}
				return nil
			})
		case 2: // headers
			return parseOption(content, &a.headers)
		case 3: // body
			a.body = string(content)
		}
		return nil
	})
}

func (a *checkAnswer) parseGranted(message []byte) error {
	return each(message, func(n protowire.Number, content []byte, _ uint64) error {
		switch n {
		case 2: // headers
			return parseOption(content, &a.headers)
		case 5: // headers_to_remove
			a.remove = append(a.remove, string(content))
		case 6: // response_headers_to_add
			return parseOption(content, &a.responseHeaders)
		case 7: // query_parameters_to_set
			var p pair
			err := each(content, func(n protowire.Number, content []byte, _ uint64) error {
				switch n {
				case 1:
					p.name = string(content)
				case 2:
					p.value = string(content)
				}
				return nil
			})
			a.setQuery = append(a.setQuery, p)
			return err
		case 8: // query_parameters_to_remove
			a.removeQuery = append(a.removeQuery, string(content))
		}
		return nil
	})
}

// parseOption reads a HeaderValueOption.
func parseOption(message []byte, to *[]headerOption) error {
	if len(*to) == maxOptions {
		return errMessage
	}
	var o headerOption
	var raw string
	err := each(message, func(n protowire.Number, content []byte, value uint64) error {
		switch n {
		case 1: // header
			return each(content, func(n protowire.Number, content []byte, _ uint64) error {
				switch n {
				case 1:
					o.name = string(content)
				case 2:
					o.value = string(content)
				case 3:
					raw = string(content)
				}
				return nil
			})
		case 2: // append
			return each(content, func(n protowire.Number, _ []byte, value uint64) error {
				if n == 1 {
					o.appends = value != 0
				}
				return nil
			})
		case 3: // append_action
			o.action = value
		}
		return nil
	})
	if err != nil {
		return err
	}
	if raw != "" {
		o.value = raw
	}
	if !token(o.name) || !fieldValue(o.value) {
		return errMessage
	}
	*to = append(*to, o)
	return nil
}

// token says whether a name can be that of a field (RFC 9110 section 5.6.2), or of a
// pseudo field, which is skipped later.
func token(name string) bool {
	if name == "" {
		return false
	}
	for i, c := range []byte(name) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == ':' && i == 0:
		case c == '-' || c == '_' || c == '.' || c == '!' || c == '#' || c == '$' || c == '%' || c == '&' || c == '\'' ||
			c == '*' || c == '+' || c == '^' || c == '`' || c == '|' || c == '~':
		default:
			return false
		}
	}
	return true
}

func fieldValue(value string) bool {
	for _, c := range []byte(value) {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}
