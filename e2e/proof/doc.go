// Command proof tries the real program on loopback: it attacks it, loads it for
// a long time, and lets origins of other makers read what it forwards.
//
//	proof attack   attacks of HTTP/2 and slow clients, with what each costs
//	proof soak     mixed load while tables are swapped ten times a second
//	proof origins  ambiguous requests, sent through Sluice to origins of other makers
//	proof tools    slowhttptest and h2load
//
// In: the path of the binary. Out: one line for each figure, marked "ok" or
// "FAIL"; the exit code is 1 where one failed. Everything listens on loopback,
// is started here and is ended here. Only one proof should run on a machine at a time, and little
// else, since time and CPU are what it measures.
package main
