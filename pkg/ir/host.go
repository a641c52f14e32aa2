package ir

// RouteSet is a named set of hosts, each with its routes.
type RouteSet struct {
	// Name is unique in a Config.
	Name string
	// Hosts are sorted by Pattern, each pattern once.
	Hosts []Host
}

// Host is the routes of one host pattern.
//
// A request is tried against the patterns that match its host from the most to
// the least specific: the exact name, then partial labels from those with the
// most characters to those with the fewest (of these those with more before "*"
// first), then wildcards of one label, then suffix wildcards from the longest to
// the shortest, then "". A host none of whose routes matches passes the request on
// to the next.
type Host struct {
	// Pattern is in lower case, without a port and without a final dot:
	//
	//	shop.example.com    that name
	//	cdn-*.example.com   one label that begins and ends so, with one character or more for "*"
	//	*.example.com       exactly one label before .example.com (Ingress)
	//	**.example.com      one label or more before .example.com (Gateway API)
	//	(empty)             every host, and requests without one
	Pattern string
	// Routes are in order of precedence: the first that matches serves. The
	// translator has ordered them (CompareMatches, then age, then name).
	Routes []Route
}
