package upstream

// PoolDump is what a pool holds at one moment, for the admin API.
type PoolDump struct {
	Key         string         `json:"key"`
	EndpointSet string         `json:"endpointSet"`
	Protocol    string         `json:"protocol"`
	Balance     string         `json:"balance"`
	References  int            `json:"references"`
	Endpoints   []EndpointDump `json:"endpoints"`
}

// EndpointDump is what is known of an endpoint at one moment.
type EndpointDump struct {
	Address  string `json:"address"`
	State    string `json:"state"`
	Target   string `json:"target,omitempty"`
	Zone     string `json:"zone,omitempty"`
	Node     string `json:"node,omitempty"`
	InFlight int64  `json:"inFlight"`
	// Idle and Open count connections; Open includes idle ones.
	Idle int   `json:"idle"`
	Open int64 `json:"open"`
	// ConnectErrors counts since the endpoint appeared.
	ConnectErrors uint64 `json:"connectErrors"`
}
