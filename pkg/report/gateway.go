package report

// The reasons that only the Gateway API has.
const (
	// InvalidRouteKinds: a listener allows a kind of route that it cannot serve.
	InvalidRouteKinds Reason = "InvalidRouteKinds"
	// UnsupportedProtocol: a listener or a back end speaks what Sluice does not.
	UnsupportedProtocol Reason = "UnsupportedProtocol"
	// HostnameConflict: another listener has the same port and host name.
	HostnameConflict Reason = "HostnameConflict"
	// ProtocolConflict: another listener has the same port and a protocol that does
	// not go with this one's.
	ProtocolConflict Reason = "ProtocolConflict"
	// PortUnavailable: the port of a listener cannot be opened.
	PortUnavailable Reason = "PortUnavailable"
	// OverlappingHostnames: two listeners of one port may get the same connections.
	OverlappingHostnames Reason = "OverlappingHostnames"
	// OverlappingCertificates: a listener's certificate covers another one's host name.
	OverlappingCertificates Reason = "OverlappingCertificates"
	// ListenersNotValid: a Gateway or ListenerSet has listeners that cannot serve.
	ListenersNotValid Reason = "ListenersNotValid"
	// ListenersNotResolved: a Gateway has listeners whose references cannot be used.
	ListenersNotResolved Reason = "ListenersNotResolved"
	// NotAllowed: the Gateway does not allow the ListenerSet.
	NotAllowed Reason = "NotAllowed"
	// NoMatchingParent: the parent has no listener of that name and port.
	NoMatchingParent Reason = "NoMatchingParent"
	// NotAllowedByListeners: no listener takes routes of that kind or namespace.
	NotAllowedByListeners Reason = "NotAllowedByListeners"
	// NoMatchingListenerHostname: no listener has a host name in common with the route.
	NoMatchingListenerHostname Reason = "NoMatchingListenerHostname"
	// InvalidKind: a reference names a kind that cannot stand there.
	InvalidKind Reason = "InvalidKind"
	// IncompatibleFilters: two filters of a rule exclude one another.
	IncompatibleFilters Reason = "IncompatibleFilters"
	// TargetNotFound: what a policy is for does not exist.
	TargetNotFound Reason = "TargetNotFound"
	// NoValidCACertificate: none of the CA certificates can be used.
	NoValidCACertificate Reason = "NoValidCACertificate"
	// InvalidCACertificateRef: a CA certificate does not exist or cannot be parsed.
	InvalidCACertificateRef Reason = "InvalidCACertificateRef"
	// InvalidCACertificateKind: a reference to a CA certificate names another kind.
	InvalidCACertificateKind Reason = "InvalidCACertificateKind"
	// InvalidClientCertificateRef: the certificate for back ends cannot be used.
	InvalidClientCertificateRef Reason = "InvalidClientCertificateRef"
	// InsecureFallback: clients without a valid certificate are let in, as the Gateway says.
	InsecureFallback Reason = "ConfigurationChanged"
)
