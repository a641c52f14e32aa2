// Package translate turns the objects of a snapshot into the neutral model.
//
// In: a snapshot and options. Out: an ir.Config in canonical form, and facts
// about every object that is not served as it is written. Translate is a pure
// function: the same input gives the same output, and nothing else is read or
// written. It never fails as a whole: a broken part is left out, or answers with
// an error, and is reported; its neighbours are served.
//
// The precedence of routes of one host is the same for all kinds:
//
//  1. the more specific match first (ir.CompareMatches), default back ends last;
//  2. then that of the older object, by creation time, then namespace, name and kind;
//  3. then that which stands first in its object.
//
// Of two equal matches the first one serves. The other is left out and told so.
//
// The TLS of a host is ended here, or passed on, as the oldest object wants that has anything for
// it, for all of its paths; of several hosts for a name the most specific decides, whichever it wants.
// Objects that want otherwise serve the host in clear text alone, and are told so.
package translate
