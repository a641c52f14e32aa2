// Package settings reads what the fields of v1alpha1.Settings, and filters, come to: those
// of ProxyRoutes and those of ProxyPolicies.
//
// In: the parts of objects that have settings, in the order in which they count. Out: parts
// of the neutral model, with every default filled in, and facts about what is invalid. The
// functions are pure. They take nothing for granted that the CRDs' validation promises, as
// objects may have come another way.
package settings
