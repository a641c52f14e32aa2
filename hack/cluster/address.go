package main

// The addresses of every cluster. Each lives in a network namespace from which
// no packet leaves, so that they clash neither with the host nor with each other.
const (
	// nodeAddress is the node's, on the interface nodeLink.
	nodeAddress = "10.200.0.1"
	nodeNetwork = nodeAddress + "/24"
	nodeLink    = "node0"

	// podRange has the addresses of the pods; there is one node, so it is the node's.
	podRange = "10.201.0.0/16"

	// serviceRange has the addresses of Services of type ClusterIP. Its first
	// is the API server's; the tenth is free for a DNS of the tests' own.
	serviceRange = "10.202.0.0/16"
	apiAddress   = "10.202.0.1"
	dnsAddress   = "10.202.0.10"

	// loadBalancerRange has the addresses of Services of type LoadBalancer.
	loadBalancerRange = "10.203.0.0/16"

	apiPort = "6443"
	apiURL  = "https://" + nodeAddress + ":" + apiPort

	etcdURL = "http://127.0.0.1:2379"
)
