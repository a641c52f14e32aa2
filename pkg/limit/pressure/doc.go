// Package pressure says how short of memory the process is, in steps: first what
// is idle goes, then nothing new is let in, at last what is asked for is refused.
//
// In: how much memory is used, sampled at an interval, and the limit. Out: a Level, which costs
// one atomic load to ask for, and a call at each sample in which something is to be given up. A
// step is taken when its watermark is passed and taken back only when the use is
// well below it, so that the level does not swing with each collection of garbage.
//
// A Monitor may be asked by any goroutine; one goroutine runs it.
package pressure
