// Package table compiles an ir.Config into the immutable table that the proxy
// serves.
//
// In goes a Config with the registries of what outlives tables (upstreams,
// certificates) and the maker of filters. Out come a *Table and facts about
// what could not be made. Compile is total: a broken element gets its own
// failing answer and a fact, and all the rest is served.
//
// A Table is read-only from the moment Compile returns it, and any number of
// goroutines may use it. An exchange loads the table once from the Holder and
// keeps it to its end. The goroutine that swapped a table out calls Release on
// the old one once no exchange holds it any more; pools that the new table acquired
// too live on.
package table
