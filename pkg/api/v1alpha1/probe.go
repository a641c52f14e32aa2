package v1alpha1

// ProbeType is what endpoints are asked.
//
// +kubebuilder:validation:Enum=TCP;HTTP;GRPC
type ProbeType string

// The types of an ActiveHealth.
const (
	// ProbeTCP asks for a connection.
	ProbeTCP ProbeType = "TCP"
	// ProbeHTTP asks for a response with one of some statuses.
	ProbeHTTP ProbeType = "HTTP"
	// ProbeGRPC asks by the gRPC health checking protocol.
	ProbeGRPC ProbeType = "GRPC"
)

// ActiveHealth asks each endpoint at intervals whether it is healthy, on each replica. Probes of
// several routes to one endpoint with equal fields are made once. Where the back end is spoken with
// over TLS, so are probes of the types HTTP and GRPC, with the same proof. An endpoint
// is healthy until its probes say otherwise.
//
// +kubebuilder:validation:XValidation:rule="!has(self.type) || self.type == 'HTTP' || !has(self.path) && !has(self.expect) && !has(self.headers)",message="health.active.path, headers and expect are for health.active.type HTTP"
// +kubebuilder:validation:XValidation:rule="has(self.type) && self.type == 'GRPC' || !has(self.service)",message="health.active.service is for health.active.type GRPC"
// +kubebuilder:validation:XValidation:rule="!has(self.type) || self.type != 'TCP' || !has(self.host)",message="health.active.host is not for health.active.type TCP"
type ActiveHealth struct {
	// type is what is asked: TCP (a connection can be made), HTTP (a GET is answered with an expected
	// status; over HTTP/2 where the back end speaks that) or GRPC (grpc.health.v1.Health/Check
	// answers SERVING).
	//
	// +optional
	// +kubebuilder:default=HTTP
	Type ProbeType `json:"type,omitempty"`

	// path is that of the request for HTTP, with a query where it needs one; "/" if not set.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:Pattern=`^/[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*$`
	Path string `json:"path,omitempty"`

	// port is the one that is asked; that of the endpoint if not set.
	//
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Port int32 `json:"port,omitempty"`

	// host is what the request names as host, for HTTP and GRPC; the endpoint's address if not set.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=260
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?(:[0-9]{1,5})?$`
	Host string `json:"host,omitempty"`

	// headers are further fields of the request, for HTTP.
	//
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	Headers []ProbeHeader `json:"headers,omitempty"`

	// service is the one that is asked for, for GRPC; the server as a whole if not set.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9._/-]+$`
	Service string `json:"service,omitempty"`

	// interval is the time from the beginning of a probe to that of the next, give or take a tenth.
	//
	// +optional
	// +kubebuilder:default="10s"
	// +kubebuilder:validation:MaxLength=24
	// +kubebuilder:validation:Pattern=`^([0-9]{1,5}(h|m|s|ms)){1,4}$`
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('100ms')",message="health.active.interval must be at least 100ms"
	Interval string `json:"interval,omitempty"`

	// timeout is after what time a probe has failed.
	//
	// +optional
	// +kubebuilder:default="5s"
	// +kubebuilder:validation:MaxLength=24
	// +kubebuilder:validation:Pattern=`^([0-9]{1,5}(h|m|s|ms)){1,4}$`
	// +kubebuilder:validation:XValidation:rule="duration(self) > duration('0s')",message="health.active.timeout must be more than 0"
	Timeout string `json:"timeout,omitempty"`

	// unhealthyThreshold is after how many failed probes in a row an endpoint is out.
	//
	// +optional
	// +kubebuilder:default=3
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	UnhealthyThreshold int32 `json:"unhealthyThreshold,omitempty"`

	// healthyThreshold is after how many good probes in a row it is back.
	//
	// +optional
	// +kubebuilder:default=2
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	HealthyThreshold int32 `json:"healthyThreshold,omitempty"`

	// expect are the statuses of a healthy answer, for HTTP: statuses and ranges with "," between
	// them, such as "200-299,404"; "200-399" if not set.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=127
	// +kubebuilder:validation:Pattern=`^[1-5][0-9][0-9](-[1-5][0-9][0-9])?(,[1-5][0-9][0-9](-[1-5][0-9][0-9])?)*$`
	Expect string `json:"expect,omitempty"`
}

// ProbeHeader is a field of the request of a probe.
type ProbeHeader struct {
	// name is the name of the field, in any case.
	//
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:Pattern="^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"
	Name string `json:"name"`

	// value is its value.
	//
	// +required
	// +kubebuilder:validation:MaxLength=4096
	// +kubebuilder:validation:Pattern=`^([!-~]([ -~]*[!-~])?)?$`
	Value string `json:"value"`
}
