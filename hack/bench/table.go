package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// printTable prints the medians and their ratios to the first target's.
func printTable(out io.Writer, w workload, results []named) {
	unit := w.unit
	if unit == "" {
		unit = "request"
	}
	fmt.Fprintf(out, "\n%s: %s\n", w.name, w.about)
	tab := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	defer func() { _ = tab.Flush() }()
	base, of := median(results[0].samples), "of "+results[0].name+"'s"
	if base.bytes > 0 {
		fmt.Fprintf(tab, "\tKiB/%s\t%s\t\n", unit, of)
		for _, r := range results {
			m := median(r.samples)
			fmt.Fprintf(tab, "%s\t%.1f\t%.2f\t\n", r.name, m.bytes/1024, m.bytes/base.bytes)
		}
		return
	}
	fmt.Fprintf(tab, "\t%ss/s\t%s\tCPU µs/%s\t%s\tp99\terrors\t\n", unit, of, unit, of)
	for _, r := range results {
		m := median(r.samples)
		p99 := "-"
		if m.p99 > 0 {
			p99 = m.p99.String()
		}
		fmt.Fprintf(tab, "%s\t%.0f\t%.2f\t%.1f\t%.2f\t%s\t%d\t  %s\n", r.name, m.perSecond, m.perSecond/base.perSecond, m.cpuMicros, m.cpuMicros/base.cpuMicros, p99, m.errors, m.firstError)
	}
}

// median takes each figure's median by itself, and the sum of the errors.
func median(samples []sample) sample {
	pick := func(value func(sample) float64) float64 {
		values := make([]float64, 0, len(samples))
		for _, s := range samples {
			values = append(values, value(s))
		}
		slices.Sort(values)
		return values[len(values)/2]
	}
	m := sample{
		perSecond: pick(func(s sample) float64 { return s.perSecond }),
		cpuMicros: pick(func(s sample) float64 { return s.cpuMicros }),
		bytes:     pick(func(s sample) float64 { return s.bytes }),
		p99:       time.Duration(pick(func(s sample) float64 { return float64(s.p99) })),
	}
	for _, s := range samples {
		m.errors += s.errors
		if m.firstError == "" {
			m.firstError = s.firstError
		}
	}
	return m
}
