package match

// Host is the routes of one host pattern.
type Host[T any] struct {
	// Pattern is "shop.example.com", "*.example.com" for exactly one label,
	// "**.example.com" for one label or more, or "" for every host and for
	// requests without one.
	Pattern string
	// Routes are in order of precedence: the first that matches is found.
	Routes []Route[T]
}

// Route is the conditions of one route and what is returned where they hold.
type Route[T any] struct {
	Path Path
	// Method is empty for any but CONNECT.
	Method string
	// Headers and Query must all hold.
	Headers, Query []Value
	Payload        T
}

// PathKind says how a path is compared.
type PathKind uint8

const (
	// Prefix matches whole path elements; a final "/" makes no difference; "/" matches every path.
	Prefix PathKind = iota
	// Exact matches byte by byte.
	Exact
	// Regex matches an RE2 expression against the whole path.
	Regex
)

// Path is a condition on the normalised path.
type Path struct {
	Kind PathKind
	// Value of Prefix and Exact is normalised by New as paths of requests are,
	// so that any spelling of a path may stand here.
	Value string
}

// ValueKind says how a value is compared.
type ValueKind uint8

const (
	// Equal compares byte by byte.
	Equal ValueKind = iota
	// Matches matches an RE2 expression against the whole value.
	Matches
	// Present asks only for the name.
	Present
)

// Value is a condition on one header or one query parameter.
type Value struct {
	// Name is in lower case for headers, as written (decoded) for query parameters.
	Name string
	Kind ValueKind
	// Value is ignored for Present.
	Value string
}

// Fault is a route that New could not make; it never matches.
type Fault struct {
	// Host and Route are indexes into what New was given; Route is -1 where
	// the host itself is at fault.
	Host, Route int
	// Part is the condition: "host", "path", "headers[NAME]" or "query[NAME]".
	Part string
	// Err says what is wrong with it.
	Err error
}
