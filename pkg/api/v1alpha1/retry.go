package v1alpha1

// Timeouts bound the phases of a request. "0s" means no bound. A field that is
// not set is as Sluice's own default.
// +kubebuilder:validation:XValidation:rule="!has(self.request) || !has(self.backendRequest) || duration(self.request) == duration('0s') || duration(self.backendRequest) <= duration(self.request)",message="timeouts.backendRequest must not be longer than timeouts.request"
type Timeouts struct {
	// connect bounds making a connection to an endpoint, TLS included.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=24
	// +kubebuilder:validation:Pattern=`^([0-9]{1,5}(h|m|s|ms)){1,4}$`
	Connect string `json:"connect,omitempty"`

	// request bounds the request as a whole, all tries together: from its head to the
	// last byte of the response.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=24
	// +kubebuilder:validation:Pattern=`^([0-9]{1,5}(h|m|s|ms)){1,4}$`
	Request string `json:"request,omitempty"`

	// backendRequest bounds one try, from its start to the head of the response.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=24
	// +kubebuilder:validation:Pattern=`^([0-9]{1,5}(h|m|s|ms)){1,4}$`
	BackendRequest string `json:"backendRequest,omitempty"`

	// idle bounds the time in which no byte of either body moves.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=24
	// +kubebuilder:validation:Pattern=`^([0-9]{1,5}(h|m|s|ms)){1,4}$`
	Idle string `json:"idle,omitempty"`

	// tunnelIdle is idle for WebSockets and other upgraded connections.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=24
	// +kubebuilder:validation:Pattern=`^([0-9]{1,5}(h|m|s|ms)){1,4}$`
	TunnelIdle string `json:"tunnelIdle,omitempty"`
}

// RetryCondition is what a request is tried again after: connect-failure, reset,
// timeout, or a status from 400 to 599.
//
// +kubebuilder:validation:MaxLength=15
// +kubebuilder:validation:Pattern=`^(connect-failure|reset|timeout|[45][0-9][0-9])$`
type RetryCondition string

// The conditions that are no status.
const (
	// RetryConnectFailure is a connection that could not be made.
	RetryConnectFailure RetryCondition = "connect-failure"
	// RetryReset is a connection that broke before there was a response.
	RetryReset RetryCondition = "reset"
	// RetryTimeout is a try that took too long.
	RetryTimeout RetryCondition = "timeout"
)

// Retry says when a request is tried again, at another endpoint as long as there is
// one. Whatever it says, a request is tried again only where the client has got nothing,
// the request's body can be sent again (16 KiB at most), and nothing of the request was
// sent or its method is idempotent (GET, HEAD, OPTIONS, PUT, DELETE).
type Retry struct {
	// attempts is how many tries may follow the first; 0 means none.
	//
	// +optional
	// +kubebuilder:default=2
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	Attempts *int32 `json:"attempts,omitempty"`

	// when is what a request is tried again after: connect-failure, reset (before there
	// was a response), timeout (of a try), and statuses, such as "503". The last try's
	// response is passed on whatever its status is.
	//
	// +optional
	// +listType=set
	// +kubebuilder:default={connect-failure,reset}
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	When []RetryCondition `json:"when,omitempty"`

	// perTryTimeout bounds each try to the head of its response.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=24
	// +kubebuilder:validation:Pattern=`^([0-9]{1,5}(h|m|s|ms)){1,4}$`
	PerTryTimeout string `json:"perTryTimeout,omitempty"`

	// backoff is how long to wait before each further try.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=24
	// +kubebuilder:validation:Pattern=`^([0-9]{1,5}(h|m|s|ms)){1,4}$`
	Backoff string `json:"backoff,omitempty"`

	// within bounds when further tries begin, counted from the head of the request.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=24
	// +kubebuilder:validation:Pattern=`^([0-9]{1,5}(h|m|s|ms)){1,4}$`
	Within string `json:"within,omitempty"`

	// budgetPercent bounds how many of the requests to a back end are further tries at
	// any moment, on each replica; three may be in any case.
	//
	// +optional
	// +kubebuilder:default=20
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	BudgetPercent int32 `json:"budgetPercent,omitempty"`
}
