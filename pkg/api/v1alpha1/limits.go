package v1alpha1

// LimitScope says what a limit is for.
//
// +kubebuilder:validation:Enum=Replica;Cluster
type LimitScope string

// The scopes of limits.
const (
	// ScopeReplica gives each replica of Sluice the whole limit.
	ScopeReplica LimitScope = "Replica"
	// ScopeCluster divides it among the replicas that are ready.
	ScopeCluster LimitScope = "Cluster"
)

// Limits bound how many requests of a route back ends serve at once. A request counts until
// the last byte of its response, a tunnel (WebSocket) until its end.
//
// +kubebuilder:validation:XValidation:rule="has(self.maxActive) || has(self.maxActivePerEndpoint)",message="limits must have maxActive or maxActivePerEndpoint"
type Limits struct {
	// maxActive is how many requests run at once.
	//
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	MaxActive int32 `json:"maxActive,omitempty"`

	// maxActivePerEndpoint is how many requests of the route run at once at one endpoint.
	// Endpoints that have as many are passed over, and where all do, requests wait in the
	// queue.
	//
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	MaxActivePerEndpoint int32 `json:"maxActivePerEndpoint,omitempty"`

	// scope says whether each replica of Sluice has the limits for itself (Replica), or all
	// share them (Cluster): then each has an equal part of maxActive, maxActivePerEndpoint
	// and queue.length, rounded down and at least 1.
	//
	// +optional
	// +kubebuilder:default=Replica
	Scope LimitScope `json:"scope,omitempty"`

	// queue is where requests beyond these bounds wait. Without it they are answered
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

	// priority serves some of those who wait before the others. Where the queue is full, a request
	// takes the place of one of a later class.
	//
	// +optional
	Priority *Priority `json:"priority,omitempty"`
}

// Priority tells the classes of requests apart. Those of an earlier class are served before all
// others, so that later ones may have to wait until their time is over.
//
// +kubebuilder:validation:XValidation:rule="has(self.header) != has(self.expression)",message="priority must have either header or expression"
type Priority struct {
	// header is the name of the header field that names the class, in any case. Clients can
	// write it, unless a filter of the route sets or removes it.
	//
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:Pattern="^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"
	Header string `json:"header,omitempty"`

	// expression is an expression in CEL whose value is a text, the name of the class. It may name
	// request.method, request.host, request.path, request.client, request.header("name"), and
	// request.claim("name") of the token that a filter of the route has verified. Requests for which
	// it fails come last.
	//
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Expression string `json:"expression,omitempty"`

	// classes are values of the header or expression, the first is served first. Requests with
	// another value, or without the header, come last.
	//
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=63
	// +kubebuilder:validation:items:Pattern="^[A-Za-z0-9._-]+$"
	Classes []string `json:"classes"`
}

// FairSource says what tells clients apart.
//
// +kubebuilder:validation:Enum=ClientAddress;Header;Claim
type FairSource string

// The sources of a FairBy.
const (
	// FairClientAddress is the client's IP address.
	FairClientAddress FairSource = "ClientAddress"
	// FairHeader is the value of a header field.
	FairHeader FairSource = "Header"
	// FairClaim is a claim of a token that a filter has verified.
	FairClaim FairSource = "Claim"
)

// FairBy tells clients apart.
//
// +kubebuilder:validation:XValidation:rule="(self.source != 'ClientAddress') == has(self.name)",message="fairBy.name must be set for fairBy.source Header and Claim, and for them alone"
type FairBy struct {
	// source is ClientAddress (the IP address, of IPv6 the first 64 bits), Header, or Claim (of the
	// token that a filter of the route has verified; others do not count).
	// Requests without the header or claim are one client's.
	//
	// +required
	Source FairSource `json:"source"`

	// name is the name of the header field, in any case, or of the claim, such as sub or
	// realm.tenant.
	//
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:Pattern="^[A-Za-z0-9!#$%&'*+.^_`|~:/-]+$"
	Name string `json:"name,omitempty"`
}
