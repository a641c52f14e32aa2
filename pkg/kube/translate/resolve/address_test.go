package resolve

import (
	"fmt"
	"strings"
	"testing"
)

func TestHost(t *testing.T) {
	long := strings.Repeat("a", 63)
	for host, want := range map[string]string{
		"a.example.com":                   "a.example.com",
		"A.Example.COM":                   "a.example.com",
		"localhost":                       "localhost",
		"*.example.com":                   "*.example.com",
		"**.example.com":                  "**.example.com",
		"*":                               "",
		long + ".com":                     long + ".com",
		"xn--bcher-kva.example":           "xn--bcher-kva.example",
		"":                                "error",
		long + "a.com":                    "error",
		strings.Repeat("a.", 127) + "com": "error",
		"a.example.com.":                  "error",
		".example.com":                    "error",
		"a..com":                          "error",
		"-a.com":                          "error",
		"a-.com":                          "error",
		"a_b.com":                         "error",
		"a b.com":                         "error",
		"bücher.example":                  "error",
		"*.*.com":                         "error",
		"a.*.com":                         "error",
		"a*.com":                          "a*.com",
		"Cdn-*-eu.example.com":            "cdn-*-eu.example.com",
		"*-eu.example.com":                "*-eu.example.com",
		"a**b.com":                        "error",
		"-*.com":                          "error",
		"a*":                              "error",
		"***.com":                         "error",
		"10.0.0.1":                        "error",
		"*.10.0.0.1":                      "error",
		"[::1]":                           "error",
		"::1":                             "error",
		"a.example.com:80":                "error",
		"a/b":                             "error",
	} {
		got, err := Host(host, HostKinds{Partial: true, Suffix: true, Any: true})
		if err != nil {
			got = "error"
		}
		if got != want {
			t.Errorf("%q: got %q, want %q (%v)", host, got, want, err)
		}
	}
	for _, host := range []string{"*", "**.example.com", "cdn-*.example.com"} {
		if pattern, err := Host(host, HostKinds{}); err == nil {
			t.Errorf("%q gives %q where it is not allowed", host, pattern)
		}
	}
}

func TestParseAddress(t *testing.T) {
	for address, want := range map[string]string{
		"10.0.0.1:80":          "10.0.0.1:80",
		"[2001:db8::1]:443":    "[2001:db8::1]:443",
		"[::ffff:10.0.0.1]:80": "10.0.0.1:80",
		"[fe80::1%eth0]:80":    "[fe80::1%eth0]:80",
		"API.example.com.:80":  "name api.example.com 80",
		"2001:db8::1:443":      "error",
		"10.0.0.1":             "error",
		"10.0.0.1:0":           "error",
		"10.0.0.1:65536":       "error",
		"10.0.0.1:http":        "error",
		"10.0.0.1:+80":         "error",
		"":                     "error",
	} {
		endpoint, err := parseAddress(address)
		got := "error"
		if err == nil {
			got = endpoint.Address.String()
		}
		if endpoint.Hostname != "" {
			got = fmt.Sprintf("name %s %d", endpoint.Hostname, endpoint.Address.Port())
		}
		if got != want {
			t.Errorf("%q: got %s, want %s (%v)", address, got, want, err)
		}
	}
}

func TestHostFault(t *testing.T) {
	for host, fault := range map[string]bool{
		"10.0.0.1":         false,
		"2001:db8::1":      false,
		"api.example.com":  false,
		"a.svc":            false,
		"1.example.com":    false,
		"127.0.0.1":        true,
		"127.9.9.9":        true,
		"::1":              true,
		"::ffff:127.0.0.1": true,
		"0.0.0.0":          true,
		"::":               true,
		"169.254.169.254":  true,
		"fe80::1":          true,
		"224.0.0.1":        true,
		"255.255.255.255":  true,
		"ff02::1":          true,
		"localhost":        true,
		"x.localhost":      true,
		"2130706433":       true,
		"127.1":            true,
		"0x7f000001":       true,
		"0x7f.1":           true,
		"017700000001":     true,
		"":                 true,
		"a_b":              true,
	} {
		r := &Resolver{Options: &Options{}}
		if got := r.hostFault(host); (got != "") != fault {
			t.Errorf("%q: got %q", host, got)
		}
	}
}
