package v1alpha1

// JWTAlgorithm is a way to sign tokens (RFC 7518 section 3.1, RFC 8037).
//
// +kubebuilder:validation:Enum=RS256;RS384;RS512;PS256;PS384;PS512;ES256;ES384;ES512;EdDSA;HS256;HS384;HS512
type JWTAlgorithm string

// JWTFilter asks for a JSON Web Token (RFC 7519), and answers 401 to who has no good one: its
// signature must be that of a known key, by an algorithm that is allowed and fits the key, and it must
// have an end ("exp") that is not over. As long as there are no keys, the answer is 503.
type JWTFilter struct {
	// keys are what signatures are verified with.
	//
	// +required
	Keys JWTKeys `json:"keys"`

	// algorithms are those that are accepted. By default RS256, PS256, ES256 and EdDSA are, and
	// for a shared secret HS256; those of shared secrets cannot be used with other keys.
	//
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=13
	Algorithms []JWTAlgorithm `json:"algorithms,omitempty"`

	// issuers are those whose tokens are accepted ("iss"); any if not set.
	//
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=512
	Issuers []string `json:"issuers,omitempty"`

	// audiences are those of which a token must be for one ("aud"); any if not set.
	//
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=512
	Audiences []string `json:"audiences,omitempty"`

	// leeway is how far the clocks of who made the token and of Sluice may be apart, such as 30s, at most 10m.
	//
	// +optional
	// +kubebuilder:default="30s"
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^([0-9]{1,5}(h|m|s|ms)){1,4}$`
	// +kubebuilder:validation:XValidation:rule="duration(self) <= duration('10m')",message="jwt.leeway must be 10m at most"
	Leeway string `json:"leeway,omitempty"`

	// from are the places that may hold the token; the first that does counts. By default it
	// stands in Authorization, behind "Bearer ".
	//
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	From []JWTSource `json:"from,omitempty"`

	// claimsToHeaders sends claims to the back end, as header fields. What clients send in
	// fields of these names is removed, also with "_" for "-".
	//
	// +optional
	// +listType=map
	// +listMapKey=header
	// +kubebuilder:validation:MaxItems=16
	ClaimsToHeaders []ClaimHeader `json:"claimsToHeaders,omitempty"`

	// principal is the claim that says who it is, for the log and {principal}.
	//
	// +optional
	// +kubebuilder:default=sub
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Principal string `json:"principal,omitempty"`

	// realm is told to who has no token.
	//
	// +optional
	// +kubebuilder:default=Restricted
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:Pattern=`^[^"\\\x00-\x1f]*$`
	Realm string `json:"realm,omitempty"`

	// optional lets requests without a token pass; a bad token is refused all the same.
	//
	// +optional
	Optional bool `json:"optional,omitempty"`

	// forward sends the token on to the back end.
	//
	// +optional
	Forward bool `json:"forward,omitempty"`
}

// JWTKeys says what signatures are verified with.
//
// +kubebuilder:validation:XValidation:rule="has(self.url) != has(self.secretName)",message="exactly one of jwt.keys.url and jwt.keys.secretName must be set"
// +kubebuilder:validation:XValidation:rule="has(self.url) || !has(self.caSecretName)",message="jwt.keys.caSecretName is for jwt.keys.url alone"
type JWTKeys struct {
	// url is that of a JSON Web Key Set, such as https://id.example.com/.well-known/jwks.json.
	// The last good keys are used for as long as no others can be fetched. A token with a key that is
	// not known has them fetched anew, at most each 10 s.
	//
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:Pattern=`^https?://[^\s/?#@]+(/[^\s#]*)?$`
	URL string `json:"url,omitempty"`

	// refresh is how often the keys of url are fetched, from 10s to 24h.
	//
	// +optional
	// +kubebuilder:default="5m"
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^([0-9]{1,5}(h|m|s|ms)){1,4}$`
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('10s') && duration(self) <= duration('24h')",message="jwt.keys.refresh must be from 10s to 24h"
	Refresh string `json:"refresh,omitempty"`

	// caSecretName is a Secret in the same namespace whose key "ca.crt" holds the CAs that the
	// host of url must prove itself by; those of the system if not set.
	//
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	CASecretName string `json:"caSecretName,omitempty"`

	// secretName is a Secret in the same namespace with one of the keys "jwks" (a JSON
	// Web Key Set), "pem" (public keys or certificates) and "hmac" (a shared secret of 32
	// bytes or more).
	//
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	SecretName string `json:"secretName,omitempty"`
}

// JWTSource is a place that may hold a token.
//
// +kubebuilder:validation:XValidation:rule="(has(self.header) ? 1 : 0) + (has(self.cookie) ? 1 : 0) + (has(self.query) ? 1 : 0) == 1",message="exactly one of header, cookie and query must be set in jwt.from"
// +kubebuilder:validation:XValidation:rule="has(self.header) || !has(self.prefix)",message="prefix in jwt.from is for header alone"
type JWTSource struct {
	// header is the name of a header field.
	//
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:Pattern="^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"
	Header string `json:"header,omitempty"`

	// prefix stands before the token in the field, in any case, such as "Bearer ".
	//
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Prefix string `json:"prefix,omitempty"`

	// cookie is the name of a cookie.
	//
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:Pattern="^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"
	Cookie string `json:"cookie,omitempty"`

	// query is the name of a query parameter. Whoever sees the URL, in a log as well, has the token.
	//
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9._~-]+$`
	Query string `json:"query,omitempty"`
}

// ClaimHeader sends a claim to the back end.
type ClaimHeader struct {
	// header is the name of the header field.
	//
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:Pattern="^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"
	Header string `json:"header"`

	// claim is the name of the claim, or a path of names with dots between. Lists are
	// written with commas between their members. A token without it has no such field.
	//
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Claim string `json:"claim"`
}
