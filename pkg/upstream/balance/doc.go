// Package balance chooses one of several endpoints by number. It knows neither
// connections nor addresses: in come how many there are, out goes which one.
//
// All of it may be called by many goroutines at once; nothing locks and nothing allocates.
package balance
