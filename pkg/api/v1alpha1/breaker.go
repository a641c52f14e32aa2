package v1alpha1

// CircuitBreaker opens the circuit to a back end at which too many requests fail: for a while
// they are answered 503 with Retry-After instead of being sent there. Then a few are sent, to see: if
// all of them succeed the circuit is closed, and if one fails it is open again. A request fails
// where the back end answers with a status from 500 on, or with nothing, all tries
// together. Each replica has circuits of its own; routes to one port of a Service with equal
// balance, health and circuitBreaker share one.
type CircuitBreaker struct {
	// errorPercent is how many of the requests in the window must fail for the circuit to open.
	//
	// +optional
	// +kubebuilder:default=50
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	ErrorPercent int32 `json:"errorPercent,omitempty"`

	// minRequests is how many requests there must be in the window for that to mean something.
	//
	// +optional
	// +kubebuilder:default=20
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	MinRequests int32 `json:"minRequests,omitempty"`

	// window is the time that is looked back.
	//
	// +optional
	// +kubebuilder:default="10s"
	// +kubebuilder:validation:MaxLength=24
	// +kubebuilder:validation:Pattern=`^([0-9]{1,5}(h|m|s|ms)){1,4}$`
	// +kubebuilder:validation:XValidation:rule="duration(self) > duration('0s')",message="circuitBreaker.window must be more than 0"
	Window string `json:"window,omitempty"`

	// openFor is for how long no request is sent.
	//
	// +optional
	// +kubebuilder:default="5s"
	// +kubebuilder:validation:MaxLength=24
	// +kubebuilder:validation:Pattern=`^([0-9]{1,5}(h|m|s|ms)){1,4}$`
	// +kubebuilder:validation:XValidation:rule="duration(self) > duration('0s')",message="circuitBreaker.openFor must be more than 0"
	OpenFor string `json:"openFor,omitempty"`

	// halfOpenRequests is how many requests are sent then, which must all succeed.
	//
	// +optional
	// +kubebuilder:default=3
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	HalfOpenRequests int32 `json:"halfOpenRequests,omitempty"`
}
