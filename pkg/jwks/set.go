package jwks

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"

	"github.com/go-jose/go-jose/v4"
)

const (
	// maxKeys bounds the keys of a set.
	maxKeys = 256
	// minRSABits is the least length of an RSA key (RFC 7518 section 3.3).
	minRSABits = 2048
)

// Set is some keys.
type Set struct {
	keys []key
	text []byte
}

// key is one that signatures are verified with.
type key struct {
	id string
	// algorithm is the only one that the key is for, "" for all of its type.
	algorithm string
	// material is a *rsa.PublicKey, *ecdsa.PublicKey, ed25519.PublicKey, or []byte of a shared secret.
	material any
}

// Algorithms returns those that signatures can be verified by, for public keys and for
// shared secrets (RFC 7518 section 3.1, RFC 8037). "none" is not among them.
func Algorithms() (public, shared []string) {
	return []string{"EdDSA", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512"}, []string{"HS256", "HS384", "HS512"}
}

// Parse reads a JSON Web Key Set. Keys that are not for signatures, or of a type that is
// not known, are left out; a set without any other is an error. Shared secrets are left out too.
func Parse(text []byte) (*Set, error) {
	var members struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(text, &members); err != nil {
		return nil, errors.New("it is no JSON Web Key Set")
	}
	if len(members.Keys) > maxKeys {
		return nil, fmt.Errorf("it has more than %d keys", maxKeys)
	}
	s := &Set{text: bytes.Clone(text)}
	for _, raw := range members.Keys {
		var k jose.JSONWebKey
		// A key that cannot be read must not keep the others from being used.
		if json.Unmarshal(raw, &k) != nil || k.Use != "" && k.Use != "sig" || !forVerification(raw) {
			continue
		}
		if public := k.Public(); public.Key != nil && usable(public.Key) {
			s.keys = append(s.keys, key{k.KeyID, k.Algorithm, public.Key})
		}
	}
	if len(s.keys) == 0 {
		return nil, errors.New("it has no public key that signatures can be verified with")
	}
	return s, nil
}

// forVerification says whether key_ops (RFC 7517 section 4.3), where it is there, has "verify".
func forVerification(raw []byte) bool {
	var members struct {
		Operations []string `json:"key_ops"`
	}
	if json.Unmarshal(raw, &members) != nil {
		return false
	}
	return len(members.Operations) == 0 || slices.Contains(members.Operations, "verify")
}

// usable says whether a key is strong enough, and public.
func usable(material any) bool {
	switch k := material.(type) {
	case *rsa.PublicKey:
		return k.N.BitLen() >= minRSABits
	case *ecdsa.PublicKey:
		return k.Curve == elliptic.P256() || k.Curve == elliptic.P384() || k.Curve == elliptic.P521()
	case ed25519.PublicKey:
		return len(k) == ed25519.PublicKeySize
	}
	return false
}

// ParsePEM reads public keys and certificates in PEM form; their names and times do not count.
func ParsePEM(text []byte) (*Set, error) {
	s := &Set{text: bytes.Clone(text)}
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		material, err := parseBlock(block)
		if err != nil {
			return nil, err
		}
		if !usable(material) {
			return nil, fmt.Errorf("a key is neither RSA of %d bits, ECDSA nor Ed25519", minRSABits)
		}
		s.keys = append(s.keys, key{material: material})
	}
	if len(s.keys) == 0 || len(s.keys) > maxKeys {
		return nil, errors.New("it holds no public key in PEM form, or too many")
	}
	return s, nil
}

func parseBlock(block *pem.Block) (any, error) {
	switch block.Type {
	case "PUBLIC KEY":
		if k, err := x509.ParsePKIXPublicKey(block.Bytes); err == nil {
			return k, nil
		}
	case "RSA PUBLIC KEY":
		if k, err := x509.ParsePKCS1PublicKey(block.Bytes); err == nil {
			return k, nil
		}
	case "CERTIFICATE":
		if c, err := x509.ParseCertificate(block.Bytes); err == nil {
			return c.PublicKey, nil
		}
	default:
		return nil, errors.New("it holds something else than public keys and certificates")
	}
	return nil, errors.New("a key cannot be parsed")
}

// MinSecret is the least length of a shared secret in bytes (RFC 7518 section 3.2).
const MinSecret = 32

// Shared makes a set of one shared secret.
func Shared(secret []byte) (*Set, error) {
	if len(secret) < MinSecret {
		return nil, fmt.Errorf("the shared secret is shorter than %d bytes", MinSecret)
	}
	return &Set{text: bytes.Clone(secret), keys: []key{{material: bytes.Clone(secret)}}}, nil
}

// Find returns the keys that may have made a signature: those of the ID, or where the token or
// the key names none any, whose type is that of the algorithm. A public key is never one of
// a shared secret's algorithms, nor the other way round.
func (s *Set) Find(id, algorithm string) []any {
	var found []any
	for i := range s.keys {
		k := &s.keys[i]
		if (id == "" || k.id == "" || k.id == id) && (k.algorithm == "" || k.algorithm == algorithm) && fits(k.material, algorithm) {
			found = append(found, k.material)
		}
	}
	return found
}

// fits says whether a key is of the type that an algorithm asks for.
func fits(material any, algorithm string) bool {
	switch k := material.(type) {
	case *rsa.PublicKey:
		return len(algorithm) == 5 && (algorithm[:2] == "RS" || algorithm[:2] == "PS")
	case *ecdsa.PublicKey:
		switch algorithm {
		case "ES256":
			return k.Curve == elliptic.P256()
		case "ES384":
			return k.Curve == elliptic.P384()
		case "ES512":
			return k.Curve == elliptic.P521()
		}
	case ed25519.PublicKey:
		return algorithm == "EdDSA"
	case []byte:
		// A secret shorter than the hash is refused by the library.
		return len(algorithm) == 5 && algorithm[:2] == "HS"
	}
	return false
}

// Len returns how many keys there are.
func (s *Set) Len() int { return len(s.keys) }

// same says that two sets were made of one text.
func (s *Set) same(other *Set) bool { return other != nil && bytes.Equal(s.text, other.text) }
