package v1alpha1

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
