package match

import (
	"fmt"
	"testing"
)

// sizes are the numbers of routes and of hosts at which the cost of Find must
// be much the same.
var sizes = []int{10, 1000, 10_000}

func pathTable(n int) []Host[int] {
	h := Host[int]{Pattern: "shop.example.com"}
	for i := range n {
		h.Routes = append(h.Routes, Route[int]{Path: Path{Kind: Prefix, Value: fmt.Sprintf("/team-%d/app-%05d", i%100, i)}, Payload: i})
	}
	return []Host[int]{h}
}

func hostTable(n int) []Host[int] {
	var hosts []Host[int]
	for i := range n {
		hosts = append(hosts, Host[int]{
			Pattern: fmt.Sprintf("app-%05d.example.com", i),
			Routes:  []Route[int]{{Path: Path{Kind: Prefix, Value: "/"}, Payload: i}},
		})
	}
	return hosts
}

func regexTable(n int) []Host[int] {
	h := Host[int]{Pattern: "shop.example.com"}
	for i := range n {
		h.Routes = append(h.Routes, Route[int]{Path: Path{Kind: Regex, Value: fmt.Sprintf("/app-%05d/v[0-9]+/.*", i)}, Payload: i})
	}
	return []Host[int]{h}
}

// tables are what is measured, each with the host and the path of its last route.
var tables = map[string]struct {
	hosts func(n int) []Host[int]
	input func(last int) request
}{
	"paths": {pathTable, func(last int) request {
		return request{host: "shop.example.com", path: fmt.Sprintf("/team-%d/app-%05d/cart", last%100, last)}
	}},
	"hosts": {hostTable, func(last int) request {
		return request{host: fmt.Sprintf("app-%05d.example.com", last), path: "/cart"}
	}},
	"regexes": {regexTable, func(last int) request {
		return request{host: "shop.example.com", path: fmt.Sprintf("/app-%05d/v1/cart", last)}
	}},
}

func BenchmarkFind(b *testing.B) {
	for name, tt := range tables {
		for _, n := range sizes {
			b.Run(fmt.Sprintf("%s=%d", name, n), func(b *testing.B) {
				m, _ := New(tt.hosts(n))
				in := tt.input(n - 1).input()
				in.Header = nil
				b.ReportAllocs()
				for b.Loop() {
					if _, ok := m.Find(in); !ok {
						b.Fatal("not found")
					}
				}
			})
		}
	}
}

// BenchmarkFindScan is the cost of the oracle, for comparison.
func BenchmarkFindScan(b *testing.B) {
	hosts := pathTable(1000)
	r := tables["paths"].input(999)
	for b.Loop() {
		scan(hosts, r)
	}
}

func BenchmarkNew(b *testing.B) {
	for name, tt := range tables {
		b.Run(name, func(b *testing.B) {
			hosts := tt.hosts(10_000)
			b.ReportAllocs()
			for b.Loop() {
				New(hosts)
			}
		})
	}
}

func BenchmarkNormalizePath(b *testing.B) {
	buf := make([]byte, 0, 256)
	for name, path := range map[string]string{"normal": "/team-1/app-00001/cart/items/12345", "other": "/team-1/%61pp/../cart"} {
		b.Run(name, func(b *testing.B) {
			in := []byte(path)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := NormalizePath(in, buf); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
