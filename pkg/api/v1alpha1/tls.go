package v1alpha1

// TLSMode says where the TLS of clients ends.
//
// +kubebuilder:validation:Enum=Terminate;Passthrough
type TLSMode string

// The modes of a TLS.
const (
	// TLSTerminate ends it here.
	TLSTerminate TLSMode = "Terminate"
	// TLSPassthrough ends it at the back end.
	TLSPassthrough TLSMode = "Passthrough"
)

// TLS is how the hosts of a ProxyRoute are served over HTTPS.
//
// +kubebuilder:validation:XValidation:rule="self.mode == 'Passthrough' || has(self.secretName)",message="tls.secretName must be set unless tls.mode is Passthrough"
// +kubebuilder:validation:XValidation:rule="self.mode != 'Passthrough' || !has(self.secretName)",message="tls.secretName must not be set where tls.mode is Passthrough, as TLS ends at the back end"
// +kubebuilder:validation:XValidation:rule="self.mode != 'Passthrough' || !has(self.redirect)",message="tls.redirect must not be set where tls.mode is Passthrough"
// +kubebuilder:validation:XValidation:rule="self.mode != 'Passthrough' || !has(self.minVersion) && !has(self.maxVersion) && !has(self.cipherSuites) && !has(self.curves)",message="tls.minVersion, maxVersion, cipherSuites and curves must not be set where tls.mode is Passthrough, as TLS ends at the back end"
// +kubebuilder:validation:XValidation:rule="self.mode != 'Passthrough' || !has(self.client)",message="tls.client must not be set where tls.mode is Passthrough, as TLS ends at the back end"
// +kubebuilder:validation:XValidation:rule="!has(self.minVersion) || !has(self.maxVersion) || self.minVersion <= self.maxVersion",message="tls.minVersion must not be above tls.maxVersion"
type TLS struct {
	// mode is Terminate, or Passthrough, which passes TLS on to a back end as it is, by the name that
	// the client asks for (SNI): the back end has the certificate, and Sluice sees nothing of what
	// is inside. Then there is one route, which has backends (with service or address, weight, ready and
	// proxyProtocol), and of what settings there are balance (but by nothing of HTTP), timeouts (connect and
	// tunnelIdle), limits (maxActive) and health (passive without statuses; active, of which HTTP and GRPC on a
	// port of their own). Of objects of which some pass a host on and others end its TLS
	// here, the oldest one says which. Over HTTP such a host is not served.
	//
	// +optional
	// +kubebuilder:default=Terminate
	Mode TLSMode `json:"mode,omitempty"`

	// secretName is a Secret of type kubernetes.io/tls in the same namespace, with
	// the certificate chain in tls.crt and the private key in tls.key. It serves
	// those of the hosts that it covers. A response of OCSP for it, in DER form in
	// tls.ocsp-staple, is sent to clients that ask, as long as it is valid. It must be set unless
	// mode is Passthrough.
	//
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	SecretName string `json:"secretName,omitempty"`

	// redirect answers requests over HTTP with a redirect (308) to HTTPS, for those of
	// the hosts that a usable certificate covers; true if not set.
	//
	// +optional
	Redirect *bool `json:"redirect,omitempty"`

	// minVersion is the lowest version of TLS. Versions below that of the installation
	// (--tls-min-version) are refused all the same.
	//
	// What minVersion, maxVersion, cipherSuites, curves and client say counts for each handshake
	// whose server name is one of the hosts. Of several objects that say something for one host
	// the oldest one counts.
	//
	// +optional
	MinVersion TLSVersion `json:"minVersion,omitempty"`

	// maxVersion is the highest version of TLS.
	//
	// +optional
	MaxVersion TLSVersion `json:"maxVersion,omitempty"`

	// cipherSuites are those of TLS 1.2 that may be used, by their names in the registry of
	// IANA. Those of TLS 1.3 all may. Without it they are those of the installation
	// (--tls-cipher-suites). Which of them is used is decided by what both sides are fast with.
	//
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	CipherSuites []CipherSuite `json:"cipherSuites,omitempty"`

	// curves are the ways to agree on a key that may be used. Without it they are those of the
	// installation (--tls-curves).
	//
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	Curves []Curve `json:"curves,omitempty"`

	// client asks clients for a certificate.
	//
	// +optional
	Client *ClientTLS `json:"client,omitempty"`
}

// TLSVersion is a version of TLS.
//
// +kubebuilder:validation:Enum="1.2";"1.3"
type TLSVersion string

// CipherSuite is a cipher suite of TLS 1.2 with forward secrecy.
//
// +kubebuilder:validation:Enum=TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384;TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256;TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256;TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384;TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256;TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA;TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA;TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA;TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA
type CipherSuite string

// Curve is a way to agree on a key.
//
// +kubebuilder:validation:Enum=X25519MLKEM768;SecP256r1MLKEM768;SecP384r1MLKEM1024;X25519;P-256;P-384;P-521
type Curve string

// ClientTLSMode says whether clients must have a certificate.
//
// +kubebuilder:validation:Enum=Required;Optional
type ClientTLSMode string

// The modes of a ClientTLS.
const (
	// ClientTLSRequired serves clients with a valid certificate alone.
	ClientTLSRequired ClientTLSMode = "Required"
	// ClientTLSOptional serves clients without a certificate, too.
	ClientTLSOptional ClientTLSMode = "Optional"
)

// ClientTLS is how clients prove who they are. A certificate that does not lead to one of the
// CAs ends the handshake. Filters can pass its subject on ("{tls.subject}").
//
// +kubebuilder:validation:XValidation:rule="has(self.caSecretName) != has(self.caConfigMapName)",message="exactly one of tls.client.caSecretName and tls.client.caConfigMapName must be set"
type ClientTLS struct {
	// mode is Required, which serves clients with a valid certificate alone and answers requests
	// in clear text with 403 where they are not redirected, or Optional.
	//
	// +optional
	// +kubebuilder:default=Required
	Mode ClientTLSMode `json:"mode,omitempty"`

	// caSecretName is a Secret in the same namespace, whose key ca.crt holds the
	// certificates of the CAs that clients' certificates must lead to.
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
}
