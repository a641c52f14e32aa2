package v1alpha1

// ResponseRewriteFilter changes where the responses of endpoints lead, such as those of an application that does not
// know the name or path by which clients reach it. Sluice's own answers and cookies stay as they are.
//
// +kubebuilder:validation:MinProperties=1
type ResponseRewriteFilter struct {
	// location is for the beginning of Location, and of the URL in Refresh. The first that fits counts.
	//
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	Location []Substitution `json:"location,omitempty"`

	// cookieDomain is for the whole Domain of cookies, in whichever case and with or without a dot in front,
	// which stays. The first that fits counts.
	//
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	CookieDomain []Substitution `json:"cookieDomain,omitempty"`

	// cookiePath is for the beginning of the Path of cookies. The first that fits counts.
	//
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	CookiePath []Substitution `json:"cookiePath,omitempty"`
}

// Substitution puts a text in the place of another.
type Substitution struct {
	// from is what is replaced. With regex it is an RE2 expression, and the value in which it is found is replaced
	// as a whole; otherwise it may have variables, as the values of header fields.
	//
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	From string `json:"from"`

	// to is what comes there. It may have variables, as the values of header fields; with regex "$1" to "$9" stand
	// for what groups matched, and "$$" for "$".
	//
	// +required
	// +kubebuilder:validation:MaxLength=1024
	To string `json:"to"`

	// regex takes from for an expression.
	//
	// +optional
	Regex bool `json:"regex,omitempty"`
}
