package v1alpha1

// ResponseBuffer bounds what of the body of one response is kept while its client is slow, so that a back end
// is free as soon as it has sent everything. What is beyond waits at the back end, as it does where
// both bounds are 0, and where all that is kept takes three quarters of --body-buffer-memory and
// --body-buffer-disk. gRPC, text/event-stream, upgraded connections, and responses that
// say "X-Accel-Buffering: no" are not kept.
type ResponseBuffer struct {
	// memoryBytes is how much is kept in memory, rounded up to 8 KiB. 65536 if not set.
	//
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=67108864
	MemoryBytes *int64 `json:"memoryBytes,omitempty"`

	// diskBytes is how much more is kept on disk. 67108864 if not set.
	//
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1099511627776
	DiskBytes *int64 `json:"diskBytes,omitempty"`
}
