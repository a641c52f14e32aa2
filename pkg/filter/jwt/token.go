package jwt

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"math"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/sluice-dev/sluice/pkg/filter"
	"github.com/sluice-dev/sluice/pkg/jwks"
)

// maxToken bounds a token in bytes.
const maxToken = 16 << 10

// verified is what a token says that was made with a known key. It never changes.
type verified struct {
	claims    *filter.Claims
	principal []byte
	// headers are the values of Filter.spec.Headers, nil for claims that are not there.
	headers [][]byte
	// from is zero where the token does not say.
	from, until time.Time
	keys        *jwks.Set
}

// parsedToken is a token whose signature has not been verified.
type parsedToken struct {
	signed           *jose.JSONWebSignature
	keyID, algorithm string
}

// parse reads a token in compact serialization (RFC 7515 section 7.1), and finds the keys
// that may have signed it.
func (f *Filter) parse(token []byte, keys *jwks.Set) (parsedToken, []any, *fault) {
	if len(token) > maxToken || bytes.Count(token, []byte{'.'}) != 2 {
		return parsedToken{}, nil, faultMalformed
	}
	signed, err := jose.ParseSignedCompact(string(token), f.algorithms)
	if err != nil || len(signed.Signatures) != 1 {
		var unexpected *jose.ErrUnexpectedSignatureAlgorithm
		if errors.As(err, &unexpected) {
			return parsedToken{}, nil, faultAlgorithm
		}
		return parsedToken{}, nil, faultMalformed
	}
	head := &signed.Signatures[0].Protected
	if _, odd := head.ExtraHeaders["b64"]; odd {
		return parsedToken{}, nil, faultMalformed
	}
	p := parsedToken{signed, head.KeyID, head.Algorithm}
	return p, keys.Find(p.keyID, p.algorithm), nil
}

// maxTried bounds the keys that one signature is verified with.
const maxTried = 8

// check verifies the signature, and after that looks at the claims.
func (f *Filter) check(p parsedToken, keys []any, now time.Time) (*verified, *fault) {
	payload, ok := verifySignature(p.signed, keys)
	if !ok {
		return nil, faultSignature
	}
	members, ok := readObject(payload)
	if !ok {
		return nil, faultMalformed
	}
	v := &verified{claims: filter.NewClaims(members)}
	until, hasEnd, ok := instant(members["exp"])
	if !ok || !hasEnd {
		return nil, faultExpired // What never ends is not taken.
	}
	v.until = until
	if v.from, _, ok = instant(members["nbf"]); !ok {
		return nil, faultMalformed
	}
	if fault := f.inTime(v, now); fault != nil {
		return nil, fault
	}
	if issuer, _ := members["iss"].(string); len(f.spec.Issuers) > 0 && !slices.Contains(f.spec.Issuers, issuer) {
		return nil, faultIssuer
	}
	if len(f.spec.Audiences) > 0 && !slices.ContainsFunc(audiences(members["aud"]), f.accepts) {
		return nil, faultAudience
	}
	return v, f.derive(v)
}

func (f *Filter) accepts(audience string) bool { return slices.Contains(f.spec.Audiences, audience) }

func verifySignature(signed *jose.JSONWebSignature, keys []any) ([]byte, bool) {
	for _, key := range keys[:min(len(keys), maxTried)] {
		if payload, err := signed.Verify(key); err == nil {
			return payload, true
		}
	}
	return nil, false
}

// derive fills in what is sent on of the claims.
func (f *Filter) derive(v *verified) *fault {
	if who, ok := v.claims.Text(f.spec.Principal); ok {
		if !fieldValue(who) {
			return faultClaim
		}
		v.principal = []byte(who)
	}
	v.headers = make([][]byte, len(f.spec.Headers))
	for i := range f.spec.Headers {
		value, ok := v.claims.Text(f.spec.Headers[i].Claim)
		if !ok {
			continue
		}
		if !fieldValue(value) {
			return faultClaim
		}
		v.headers[i] = []byte(value)
	}
	return nil
}

// readObject reads a JSON object and nothing behind it.
func readObject(text []byte) (map[string]any, bool) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var members map[string]any
	if d.Decode(&members) != nil || members == nil {
		return nil, false
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, false
	}
	return members, true
}

// instant reads a NumericDate (RFC 7519 section 2). ok is false for what is none; there is false
// for what is not there.
func instant(claim any) (at time.Time, there, ok bool) {
	if claim == nil {
		return time.Time{}, false, true
	}
	number, isNumber := claim.(json.Number)
	if !isNumber {
		return time.Time{}, false, false
	}
	seconds, err := number.Float64()
	if err != nil || math.IsNaN(seconds) || seconds < 0 || seconds > maxInstant {
		return time.Time{}, false, false
	}
	whole, part := math.Modf(seconds)
	return time.Unix(int64(whole), int64(part*1e9)), true, true
}

// maxInstant is the end of the year 9999.
const maxInstant = 253402300799

// audiences reads aud: a string or a list of some (RFC 7519 section 4.1.3).
func audiences(claim any) []string {
	switch claim := claim.(type) {
	case string:
		return []string{claim}
	case []any:
		var list []string
		for _, one := range claim {
			if s, ok := one.(string); ok {
				list = append(list, s)
			}
		}
		return list
	}
	return nil
}

// tokenID stands for a token.
type tokenID [sha256.Size]byte

func identify(token []byte) tokenID { return sha256.Sum256(token) }
