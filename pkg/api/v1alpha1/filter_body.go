package v1alpha1

// BodySizeFilter bounds the body of a request. It is the way to have a bound for one back end; for a whole
// route maxBodyBytes says the same.
type BodySizeFilter struct {
	// maxBytes is how long a body may be: a longer one is answered 413. The lowest of several
	// bounds counts.
	//
	// +required
	// +kubebuilder:validation:Minimum=1
	MaxBytes int64 `json:"maxBytes"`
}

// BandwidthFilter bounds how fast the bodies of a request and its response move. Each
// request has the rates for itself; the lowest of several counts.
//
// +kubebuilder:validation:XValidation:rule="has(self.requestBytesPerSecond) || has(self.responseBytesPerSecond)",message="bandwidth.requestBytesPerSecond or bandwidth.responseBytesPerSecond must be set"
// +kubebuilder:validation:XValidation:rule="!has(self.responseAfterBytes) || has(self.responseBytesPerSecond)",message="bandwidth.responseAfterBytes needs bandwidth.responseBytesPerSecond"
type BandwidthFilter struct {
	// requestBytesPerSecond is how many bytes of the request's body go to the back end per second.
	//
	// +optional
	// +kubebuilder:validation:Minimum=1024
	RequestBytesPerSecond int64 `json:"requestBytesPerSecond,omitempty"`

	// responseBytesPerSecond is how many bytes of the response's body go to the client per
	// second, as they are sent: compressed where they are.
	//
	// +optional
	// +kubebuilder:validation:Minimum=1024
	ResponseBytesPerSecond int64 `json:"responseBytesPerSecond,omitempty"`

	// responseAfterBytes of the response go as fast as they can before the rate counts.
	//
	// +optional
	// +kubebuilder:validation:Minimum=1
	ResponseAfterBytes int64 `json:"responseAfterBytes,omitempty"`
}

// CompressionAlgorithm is a content coding.
//
// +kubebuilder:validation:Enum=gzip;br;zstd
type CompressionAlgorithm string

// The algorithms of a CompressionFilter.
const (
	// CompressionGzip is gzip (RFC 1952).
	CompressionGzip CompressionAlgorithm = "gzip"
	// CompressionBrotli is Brotli (RFC 7932).
	CompressionBrotli CompressionAlgorithm = "br"
	// CompressionZstd is Zstandard (RFC 8878).
	CompressionZstd CompressionAlgorithm = "zstd"
)

// CompressionFilter compresses responses for clients that accept it.
type CompressionFilter struct {
	// algorithms are those that may be used. Of those that a client likes best (the weights of
	// Accept-Encoding) the first is. Without it they are zstd, br, gzip.
	//
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=3
	Algorithms []CompressionAlgorithm `json:"algorithms,omitempty"`

	// types are the media types that are compressed, such as "text/html"; "text/*" and "*+json" stand
	// for families. Without it they are those of texts, scripts, JSON, XML, SVG, WebAssembly and
	// of fonts that are not compressed by themselves.
	//
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MinLength=3
	// +kubebuilder:validation:items:MaxLength=128
	Types []string `json:"types,omitempty"`

	// minBytes leaves responses alone that are known to be shorter.
	//
	// +optional
	// +kubebuilder:default=256
	// +kubebuilder:validation:Minimum=0
	MinBytes *int64 `json:"minBytes,omitempty"`
}
