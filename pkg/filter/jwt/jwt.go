package jwt

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/ir"
	"github.com/sluice-dev/sluice/pkg/jwks"
)

// keysTimeout is the patience of filters.
const keysTimeout = 5 * time.Second

// Filter lets those pass who have a good token.
type Filter struct {
	spec       *ir.JWT
	algorithms []jose.SignatureAlgorithm
	// memory has the keys that are known from the beginning, source all others; it is nil then.
	memory *memory
	forget func()
	source *jwks.Source
	asked  string
	// patience bounds how long a request waits for keys.
	patience time.Duration
	// now is the clock.
	now func() time.Time
}

var (
	_ filter.RequestHead = (*Filter)(nil)
	_ filter.Releaser    = (*Filter)(nil)
)

// New makes the filter. It holds the key set of a URL, and what is known of tokens, until Release. A nil
// Registry makes it remember nothing of others.
func New(spec *ir.JWT, keys *jwks.Registry, tokens *Registry) (*Filter, error) {
	f := &Filter{spec: spec, asked: `Bearer realm="` + spec.Realm + `"`, now: time.Now, patience: keysTimeout}
	public, shared := jwks.Algorithms()
	known := public
	if len(spec.Keys.HMAC) > 0 {
		known = shared
	}
	if len(spec.Algorithms) == 0 || len(spec.From) == 0 {
		return nil, errors.New("no algorithm is allowed, or no place may hold the token")
	}
	for _, name := range spec.Algorithms {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("the algorithm %q is not for keys of this kind", name)
		}
		f.algorithms = append(f.algorithms, jose.SignatureAlgorithm(name))
	}
	var err error
	if f.memory, f.forget, err = tokens.acquire(spec); err != nil {
		return nil, err
	}
	if err := f.follow(keys); err != nil {
		f.forget()
		return nil, err
	}
	return f, nil
}

// follow has the keys of a URL fetched.
func (f *Filter) follow(registry *jwks.Registry) (err error) {
	k := &f.spec.Keys
	switch {
	case k.URL == "":
		return nil
	case registry == nil:
		return errors.New("there is nothing that fetches keys")
	}
	f.source, err = registry.Acquire(jwks.Spec{URL: k.URL, Refresh: k.Refresh, CAs: k.CAs})
	return err
}

// fixedKeys returns the keys that stand in the filter itself, nil where they come from a URL.
func fixedKeys(k *ir.TokenKeys) (*jwks.Set, error) {
	switch {
	case k.URL != "":
		return nil, nil
	case len(k.JWKS) > 0:
		return jwks.Parse([]byte(k.JWKS))
	case len(k.PEM) > 0:
		return jwks.ParsePEM([]byte(k.PEM))
	case len(k.HMAC) > 0:
		return jwks.Shared(k.HMAC)
	}
	return nil, errors.New("there are no keys")
}

// Release gives back the key set and what is known of tokens.
func (f *Filter) Release() {
	f.forget()
	if f.source != nil {
		f.source.Release()
	}
}

// fault is why a token is not taken. The description is for the client and says nothing of what
// would be right.
type fault struct {
	Status      int
	Reason      string
	description string
}

var (
	faultKeys      = &fault{Status: 503, Reason: "token_keys_missing"}
	faultNone      = &fault{Status: 401, Reason: "token_required"}
	faultMalformed = &fault{Status: 401, Reason: "token_malformed", description: "the token is malformed"}
	faultAlgorithm = &fault{Status: 401, Reason: "token_algorithm", description: "the algorithm is not allowed"}
	faultSignature = &fault{Status: 401, Reason: "token_signature", description: "the signature is not that of a known key"}
	faultExpired   = &fault{Status: 401, Reason: "token_expired", description: "the token has expired"}
	faultEarly     = &fault{Status: 401, Reason: "token_not_yet_valid", description: "the token is not valid yet"}
	faultIssuer    = &fault{Status: 401, Reason: "token_issuer", description: "the issuer is not accepted"}
	faultAudience  = &fault{Status: 401, Reason: "token_audience", description: "the audience is not accepted"}
	faultClaim     = &fault{Status: 401, Reason: "token_claim", description: "a claim cannot be sent on"}
)

// OnRequestHead returns 401 for a request without a good token, and 503 where there are no
// keys. Of one that passes it sends claims on, as fields that no client can set.
func (f *Filter) OnRequestHead(x *filter.Exchange) *filter.Answer {
	for i := range f.spec.Headers {
		filter.Forget(&x.Request.Header, f.spec.Headers[i].Name)
	}
	token, from := f.find(x)
	if token == nil {
		if f.spec.Optional {
			return nil
		}
		return f.refuse(faultNone)
	}
	v, fault := f.verify(token)
	if fault != nil {
		return f.refuse(fault)
	}
	if !f.spec.Forward {
		from.remove(x)
	}
	x.Claims, x.Principal = v.claims, v.principal
	for i, value := range v.headers {
		if value != nil {
			x.Request.Header.Add(f.spec.Headers[i].Name, value)
		}
	}
	return nil
}

func (f *Filter) refuse(why *fault) *filter.Answer {
	a := &filter.Answer{Status: why.Status, Reason: why.Reason}
	switch {
	case why.Status != 401:
		a.Header = []filter.AnswerField{{Name: "Retry-After", Value: "5"}}
	case why.description == "":
		a.Header = []filter.AnswerField{{Name: "WWW-Authenticate", Value: f.asked}}
	default:
		// RFC 6750 section 3.
		a.Header = []filter.AnswerField{{Name: "WWW-Authenticate", Value: f.asked + `, error="invalid_token", error_description="` + why.description + `"`}}
	}
	return a
}

// verify returns what a token says, from memory where it was seen before.
func (f *Filter) verify(token []byte) (*verified, *fault) {
	keys := f.memory.keys
	if f.source != nil {
		if keys = f.source.Await(f.patience); keys == nil {
			return nil, faultKeys
		}
	}
	now := f.now()
	id := identify(token)
	if v := f.memory.cache.get(id); v != nil && v.keys == keys {
		return v, f.inTime(v, now)
	}
	parsed, found, fault := f.parse(token, keys)
	if fault != nil {
		return nil, fault
	}
	if len(found) == 0 && f.source != nil {
		renewed := f.source.Renew(keys, f.patience)
		if renewed != keys {
			keys = renewed
			found = keys.Find(parsed.keyID, parsed.algorithm)
		}
	}
	v, fault := f.check(parsed, found, now)
	if fault != nil {
		return nil, fault
	}
	v.keys = keys
	f.memory.cache.put(id, v)
	return v, nil
}

// inTime says whether a token is good now (RFC 7519 sections 4.1.4 and 4.1.5).
func (f *Filter) inTime(v *verified, now time.Time) *fault {
	switch {
	case !now.Before(v.until.Add(f.spec.Leeway)):
		return faultExpired
	case !v.from.IsZero() && now.Before(v.from.Add(-f.spec.Leeway)):
		return faultEarly
	}
	return nil
}

// fieldValue says whether a claim can be sent on as a field.
func fieldValue(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return len(text) <= maxClaim
}

// maxClaim bounds a claim that is sent on, in bytes.
const maxClaim = 4096
