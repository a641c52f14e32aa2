package v1alpha1

// BackendTLS is how endpoints are spoken with over TLS. They are sent nothing before they
// have proved who they are: their certificate must lead to a CA that is trusted, and have the
// right name.
//
// +kubebuilder:validation:XValidation:rule="!has(self.caSecretName) || !has(self.caConfigMapName)",message="only one of tls.caSecretName and tls.caConfigMapName can be set"
type BackendTLS struct {
	// serverName is the name that is asked for (SNI) and, unless there are
	// subjectAltNames, the one that the certificate must have. Without it, that is the
	// host of address, or SERVICE.NAMESPACE.svc.
	//
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	ServerName string `json:"serverName,omitempty"`

	// caSecretName is a Secret in the same namespace, whose key ca.crt holds the
	// certificates of the CAs that are trusted. Without it and caConfigMapName these are the CAs of
	// the system that Sluice runs on.
	//
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	CASecretName string `json:"caSecretName,omitempty"`

	// caConfigMapName is caSecretName for a ConfigMap.
	//
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	CAConfigMapName string `json:"caConfigMapName,omitempty"`

	// clientSecretName is a Secret of the type kubernetes.io/tls in the same namespace,
	// with the certificate that Sluice shows to endpoints that ask for one.
	//
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	ClientSecretName string `json:"clientSecretName,omitempty"`

	// subjectAltNames are what the certificate must have one of, instead of serverName:
	// DNS names, IP addresses, or URIs such as "spiffe://example.com/shop".
	//
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=8
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=253
	// +kubebuilder:validation:items:Pattern=`^[A-Za-z0-9:][!-~]*$`
	SubjectAltNames []string `json:"subjectAltNames,omitempty"`
}
