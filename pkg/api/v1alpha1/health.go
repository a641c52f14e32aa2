package v1alpha1

// StatusRange is a status, such as 503, or a range, such as 500-599.
//
// +kubebuilder:validation:MaxLength=7
// +kubebuilder:validation:Pattern=`^[1-5][0-9][0-9](-[1-5][0-9][0-9])?$`
type StatusRange string

// Health says how the endpoints of back ends are judged, besides their readiness in
// Kubernetes.
type Health struct {
	// passive ejects endpoints at which requests fail.
	//
	// +optional
	Passive *PassiveHealth `json:"passive,omitempty"`

	// active asks each endpoint at intervals whether it is healthy. One that is not gets no new
	// request.
	//
	// +optional
	Active *ActiveHealth `json:"active,omitempty"`

	// panicPercent is how many of the endpoints must be in service at least, on each replica: where
	// fewer are, all serve, as the few would break down under the load of all. 0, the default, waits
	// until none is.
	//
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	PanicPercent int32 `json:"panicPercent,omitempty"`
}

// PassiveHealth ejects endpoints at which requests fail: they get no new request for a
// while. Where all endpoints are out, all serve.
type PassiveHealth struct {
	// consecutiveFailures is after how many failed tries in a row: connections that cannot be
	// made or break, responses that come too late (of connect, backendRequest or idle in timeouts, or
	// perTryTimeout) or are invalid, and those with one of statuses.
	//
	// +optional
	// +kubebuilder:default=5
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	ConsecutiveFailures int32 `json:"consecutiveFailures,omitempty"`

	// ejectFor is for how long the first time; each time in a row it is longer by that,
	// up to ten times. It is 24h at most.
	//
	// +optional
	// +kubebuilder:default="30s"
	// +kubebuilder:validation:MaxLength=24
	// +kubebuilder:validation:Pattern=`^([0-9]{1,5}(h|m|s|ms)){1,4}$`
	// +kubebuilder:validation:XValidation:rule="duration(self) > duration('0s') && duration(self) <= duration('24h')",message="health.passive.ejectFor must be more than 0, and 24h at most"
	EjectFor string `json:"ejectFor,omitempty"`

	// maxEjectedPercent is how many of the endpoints may be out at once, on each replica; one may in
	// any case.
	//
	// +optional
	// +kubebuilder:default=50
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	MaxEjectedPercent int32 `json:"maxEjectedPercent,omitempty"`

	// statuses are those of responses that count as failures, such as "503" or "500-599"; none
	// if not set.
	//
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	Statuses []StatusRange `json:"statuses,omitempty"`
}
