package v1alpha1

// VersionSource is a part of a request that names a version.
//
// +kubebuilder:validation:Enum=Header;Query;Cookie;Path
type VersionSource string

// The sources of a Versioning.
const (
	// VersionHeader is a header field.
	VersionHeader VersionSource = "Header"
	// VersionQuery is a query parameter.
	VersionQuery VersionSource = "Query"
	// VersionCookie is a cookie.
	VersionCookie VersionSource = "Cookie"
	// VersionPath is one part of the path.
	VersionPath VersionSource = "Path"
)

// VersionNoMatch is what becomes of a request whose version no back end has.
//
// +kubebuilder:validation:Enum=Default;Reject;Any
type VersionNoMatch string

// The values of Versioning.OnNoMatch.
const (
	// NoMatchDefault serves it as a request for the default version.
	NoMatchDefault VersionNoMatch = "Default"
	// NoMatchReject answers it with 400 and the versions that are served.
	NoMatchReject VersionNoMatch = "Reject"
	// NoMatchAny serves it by any back end, by weight.
	NoMatchAny VersionNoMatch = "Any"
)

// Versioning chooses among the back ends of a route by the version that a request
// names. A back end of version "2" serves requests for 2, 2.0 and 2.1.1-beta, and
// never for 20: its version is that of the request, up to its end or to one of ".",
// "-" and "+". Of several back ends the one with the longest version serves;
// those of equal version share by weight.
//
// +kubebuilder:validation:XValidation:rule="(self.source == 'Path') != has(self.name)",message="versioning.name must be set unless versioning.source is Path"
// +kubebuilder:validation:XValidation:rule="(self.source == 'Path') == has(self.segment)",message="versioning.segment must be set for versioning.source Path, and for it alone"
// +kubebuilder:validation:XValidation:rule="self.onNoMatch != 'Default' || has(self.default)",message="versioning.default must be set where versioning.onNoMatch is Default"
// +kubebuilder:validation:XValidation:rule="!has(self.responseHeader) || !(self.responseHeader.lowerAscii() in ['connection', 'content-length', 'expect', 'host', 'http2-settings', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade'])",message="versioning.responseHeader must not be a field of the connection"
type Versioning struct {
	// source is the part of the request that names the version: Header, Query
	// (parameter), Cookie or Path. Where there are several of that name the first counts.
	//
	// +required
	Source VersionSource `json:"source"`

	// name is the name of the header field (in any case), query parameter or cookie.
	//
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:Pattern="^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"
	Name string `json:"name,omitempty"`

	// segment says which part of the path between slashes names the version, counted
	// from 1. The path is sent on as it is.
	//
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=32
	Segment int32 `json:"segment,omitempty"`

	// default is the version of requests that name none.
	//
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Default string `json:"default,omitempty"`

	// onNoMatch says what becomes of a request whose version no back end has, and
	// where there is no default of one that names none: Default serves it as a
	// request for the default version, Reject answers it with 400 and the list of
	// the versions served, Any serves it by any back end, by weight.
	//
	// +optional
	// +kubebuilder:default=Default
	OnNoMatch VersionNoMatch `json:"onNoMatch,omitempty"`

	// responseHeader is a field of the response that says which back end's version
	// has served. Without it nothing does.
	//
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:Pattern="^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"
	ResponseHeader string `json:"responseHeader,omitempty"`
}
