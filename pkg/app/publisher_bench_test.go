package app

import (
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
)

// BenchmarkPublish is what one changed Ingress costs among many, from the
// snapshot to the table that is served.
func BenchmarkPublish(b *testing.B) {
	for _, count := range []int{100, 10_000} {
		b.Run(fmt.Sprint(count), func(b *testing.B) {
			p, _ := newPublisher(b)
			objects := []runtime.Object{service("a"), endpointSlice("a", "10.0.0.1")}
			for i := range count {
				objects = append(objects, ingress(fmt.Sprintf("h%d.example", i), "a"))
			}
			for i := 0; b.Loop(); i++ {
				b.StopTimer()
				changed := ingress("h0.example", "a")
				changed.Spec.Rules[0].HTTP.Paths[0].Path = fmt.Sprintf("/%d", i)
				objects[2] = changed
				s := snapshotOf(objects...)
				b.StartTimer()
				p.publish(s, nil)
			}
		})
	}
}
