package v1alpha1

// BearerAuthFilter asks for one of some tokens in Authorization (RFC 6750), and answers 401
// to who has none. Use it over TLS alone.
type BearerAuthFilter struct {
	// secretName is a Secret of the type sluice.dev/tokens in the same namespace. Each of its keys is the name of who has
	// a token, and its value the token; the name is what the log and {principal} say.
	//
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	SecretName string `json:"secretName"`

	// realm is told to who has no token.
	//
	// +optional
	// +kubebuilder:default=Restricted
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:Pattern=`^[^"\\\x00-\x1f]*$`
	Realm string `json:"realm,omitempty"`

	// forward sends the token on to the back end.
	//
	// +optional
	Forward bool `json:"forward,omitempty"`
}

// BasicAuthFilter asks for a name and a password (RFC 7617), and answers 401 to who has
// none. Use it over TLS alone: passwords are not hidden in clear text.
type BasicAuthFilter struct {
	// secretName is a Secret in the same namespace whose key "auth" holds the users as
	// an htpasswd file: lines of NAME:HASH, with hashes of bcrypt, apr1 or SHA.
	//
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	SecretName string `json:"secretName"`

	// realm is what browsers show beside the question.
	//
	// +optional
	// +kubebuilder:default=Restricted
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:Pattern=`^[^"\\\x00-\x1f]*$`
	Realm string `json:"realm,omitempty"`
}
