package v1alpha1

// Limits bound how many requests of a route back ends serve at once, on each
// replica of Sluice. A request counts until the last byte of its response, a
// tunnel (WebSocket) until its end.
type Limits struct {
	// maxActive is how many requests run at once.
	//
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	MaxActive int32 `json:"maxActive"`

	// queue is where requests beyond maxActive wait. Without it they are answered
	// 503 at once.
	//
	// +optional
	Queue *Queue `json:"queue,omitempty"`
}

// QueueOrder is an order of service.
//
// +kubebuilder:validation:Enum=FIFO;LIFO
type QueueOrder string

// The orders of a Queue.
const (
	// QueueFIFO serves the oldest request first.
	QueueFIFO QueueOrder = "FIFO"
	// QueueLIFO serves the newest request first.
	QueueLIFO QueueOrder = "LIFO"
)

// Queue is where requests wait. One that finds it full or waits for too long is
// answered 503 with Retry-After.
type Queue struct {
	// length is how many requests may wait.
	//
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000
	Length int32 `json:"length"`

	// timeout is the longest wait, such as 10s or 1m30s.
	//
	// +optional
	// +kubebuilder:default="10s"
	// +kubebuilder:validation:MaxLength=24
	// +kubebuilder:validation:Pattern=`^([0-9]{1,5}(h|m|s|ms)){1,4}$`
	// +kubebuilder:validation:XValidation:rule="duration(self) > duration('0s')",message="queue.timeout must be more than 0"
	Timeout string `json:"timeout,omitempty"`

	// order says whether the oldest (FIFO) or the newest (LIFO) request is served first.
	//
	// +optional
	// +kubebuilder:default=FIFO
	Order QueueOrder `json:"order,omitempty"`

	// fairBy tells clients apart, which are then served in turn, each in the order
	// above, so that one that sends many requests does not starve the rest. Where the queue is
	// full, a client with fewer waiting requests takes the place of the newest
	// request of the client that has the most.
	//
	// +optional
	FairBy *FairBy `json:"fairBy,omitempty"`
}

// FairSource says what tells clients apart.
//
// +kubebuilder:validation:Enum=ClientAddress;Header
type FairSource string

// The sources of a FairBy.
const (
	// FairClientAddress is the client's IP address.
	FairClientAddress FairSource = "ClientAddress"
	// FairHeader is the value of a header field.
	FairHeader FairSource = "Header"
)

// FairBy tells clients apart.
//
// +kubebuilder:validation:XValidation:rule="(self.source == 'Header') == has(self.name)",message="fairBy.name must be set for fairBy.source Header, and for it alone"
type FairBy struct {
	// source is ClientAddress (the IP address, of IPv6 the first 64 bits) or Header.
	// Requests without the header are one client's.
	//
	// +required
	Source FairSource `json:"source"`

	// name is the name of the header field, in any case.
	//
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:Pattern="^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"
	Name string `json:"name,omitempty"`
}
