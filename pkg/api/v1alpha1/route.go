package v1alpha1

// Route sends the requests that match to back ends.
//
// +kubebuilder:validation:XValidation:rule="!has(self.backends) || self.backends.all(b, has(b.version) || has(b.versionFromPodLabel)) || !self.backends.exists(b, has(b.version) || has(b.versionFromPodLabel))",message="either all backends of a route must have a version or none"
// +kubebuilder:validation:XValidation:rule="!has(self.connect) || !self.connect || !has(self.bufferRequest) && (!has(self.matches) || self.matches.all(m, !has(m.path) && !has(m.method) && !has(m.query)))",message="where connect is set, bufferRequest must not be, and matches may have headers alone"
// +kubebuilder:validation:XValidation:rule="has(self.backends) || has(self.filters) && self.filters.exists(f, f.type in ['Drop', 'Redirect', 'DirectResponse'])",message="backends must be set unless a filter answers every request"
type Route struct {
	// name tells the route from others, in logs, metrics and reports. Without it the
	// route goes by its position.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	Name string `json:"name,omitempty"`

	// matches are conditions of which one must hold. Without any the route serves
	// every request for the hosts.
	//
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	Matches []Match `json:"matches,omitempty"`

	// filters act between the match and the back end, in the order of their types.
	//
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	Filters []Filter `json:"filters,omitempty"`

	// connect makes the route one for the method CONNECT and for nothing else: who sends that gets a tunnel
	// of bytes to one of the backends. Of the address that the client names the host chooses the route; it is never
	// connected to. Without such a route CONNECT is refused with 501.
	//
	// +optional
	Connect bool `json:"connect,omitempty"`

	// maxBodyBytes bounds the body of a request: a larger one is answered 413. 0 means no
	// bound; without it the one of the installation counts.
	//
	// +optional
	// +kubebuilder:validation:Minimum=0
	MaxBodyBytes *int64 `json:"maxBodyBytes,omitempty"`

	// bufferRequest reads the body of a request to its end before a back end hears of the request, in
	// memory and beyond 64 KiB on disk: a slow client then holds no back end, and the
	// request may be retried whatever its length. gRPC is not buffered.
	//
	// +optional
	BufferRequest bool `json:"bufferRequest,omitempty"`

	// unlogged leaves the requests of the route out of the access log. Metrics count them all the same.
	//
	// +optional
	Unlogged bool `json:"unlogged,omitempty"`

	// backends share the requests by weight. They may be missing where a filter of the type
	// Drop, Redirect or DirectResponse answers every request.
	//
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	Backends []Backend `json:"backends,omitempty"`

	// suspend takes the route out of service without deleting it: requests go where
	// they would without it.
	//
	// +optional
	Suspend bool `json:"suspend,omitempty"`

	// What is set here counts in place of what spec has, of timeouts field by field.
	Settings `json:",inline"`
}

// Match is a condition on a request. All of its parts must hold.
type Match struct {
	// path is a condition on the path. Without it every path matches.
	//
	// +optional
	Path *PathMatch `json:"path,omitempty"`

	// method is the request method in upper case. Without it every method matches.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^[A-Z][A-Z-]*$`
	Method string `json:"method,omitempty"`

	// headers are conditions on header fields. All must hold.
	//
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	Headers []HeaderMatch `json:"headers,omitempty"`

	// query are conditions on query parameters. All must hold.
	//
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	Query []QueryMatch `json:"query,omitempty"`
}

// PathMatchType says how a path is compared.
//
// +kubebuilder:validation:Enum=Exact;Prefix;Regex
type PathMatchType string

// The types of a PathMatch.
const (
	// PathExact compares the whole path; a final "/" counts.
	PathExact PathMatchType = "Exact"
	// PathPrefix compares whole path elements: "/a" matches /a and /a/b, not /ab.
	PathPrefix PathMatchType = "Prefix"
	// PathRegex matches an RE2 expression against the whole path.
	PathRegex PathMatchType = "Regex"
)

// PathMatch is a condition on the path of a request, without its query.
//
// +kubebuilder:validation:XValidation:rule="self.type == 'Regex' || self.value.startsWith('/')",message="path.value must begin with '/' unless path.type is Regex"
// +kubebuilder:validation:XValidation:rule="self.type == 'Regex' || !(self.value.contains('?') || self.value.contains('#'))",message="path.value must not contain '?' or '#' unless path.type is Regex"
type PathMatch struct {
	// type says how the path is compared: Exact, Prefix (by whole path elements) or
	// Regex (RE2, against the whole path).
	//
	// +optional
	// +kubebuilder:default=Prefix
	Type PathMatchType `json:"type,omitempty"`

	// value is what the path is compared with.
	//
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Value string `json:"value"`
}

// ValueMatchType says how the value of a header or query parameter is compared.
//
// +kubebuilder:validation:Enum=Exact;Regex;Present
type ValueMatchType string

// The types of a HeaderMatch and a QueryMatch.
const (
	// ValueExact compares the whole value, case and all.
	ValueExact ValueMatchType = "Exact"
	// ValueRegex matches an RE2 expression against the whole value.
	ValueRegex ValueMatchType = "Regex"
	// ValuePresent asks only that it is there.
	ValuePresent ValueMatchType = "Present"
)

// HeaderMatch is a condition on a header field.
//
// +kubebuilder:validation:XValidation:rule="self.type != 'Present' || !has(self.value)",message="headers.value must not be set where headers.type is Present"
// +kubebuilder:validation:XValidation:rule="self.type == 'Present' || has(self.value)",message="headers.value must be set unless headers.type is Present"
type HeaderMatch struct {
	// type says how the value is compared.
	//
	// +optional
	// +kubebuilder:default=Exact
	Type ValueMatchType `json:"type,omitempty"`

	// name is the name of the header field, in any case.
	//
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:Pattern="^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"
	Name string `json:"name"`

	// value is what the value is compared with. The values of several lines of the
	// field are joined by ",".
	//
	// +optional
	// +kubebuilder:validation:MaxLength=4096
	Value *string `json:"value,omitempty"`
}

// QueryMatch is a condition on a query parameter, of which the first value counts.
//
// +kubebuilder:validation:XValidation:rule="self.type != 'Present' || !has(self.value)",message="query.value must not be set where query.type is Present"
// +kubebuilder:validation:XValidation:rule="self.type == 'Present' || has(self.value)",message="query.value must be set unless query.type is Present"
type QueryMatch struct {
	// type says how the value is compared.
	//
	// +optional
	// +kubebuilder:default=Exact
	Type ValueMatchType `json:"type,omitempty"`

	// name is the name of the parameter, case and all.
	//
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Name string `json:"name"`

	// value is what the value is compared with.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Value *string `json:"value,omitempty"`
}
