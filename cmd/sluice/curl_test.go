package main

import (
	"context"
	"crypto/tls"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

// curlOptions are the flags of curl that Sluice prints and documents.
type curlOptions struct {
	include, insecure bool
	// http3 is --http3-only.
	http3   bool
	headers []string
	resolve map[string]string
	url     string
}

// curlMain stands for curl where scripts run commands that are meant for it, since a
// machine that tests need not have curl.
func curlMain() {
	o, err := parseCurl(os.Args[1:])
	if err == nil {
		err = curl(o, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "curl:", err)
		os.Exit(1)
	}
}

func parseCurl(args []string) (curlOptions, error) {
	o := curlOptions{resolve: make(map[string]string)}
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		switch {
		case arg == "-H" && len(args) > 0:
			o.headers, args = append(o.headers, args[0]), args[1:]
		case arg == "--resolve" && len(args) > 0:
			// HOST:PORT:ADDRESS
			parts := strings.SplitN(args[0], ":", 3)
			if len(parts) != 3 {
				return o, fmt.Errorf("%q is not HOST:PORT:ADDRESS", args[0])
			}
			o.resolve[parts[0]+":"+parts[1]], args = net.JoinHostPort(parts[2], parts[1]), args[1:]
		case arg == "--http3-only":
			o.http3 = true
		case strings.HasPrefix(arg, "-") && strings.Trim(arg[1:], "sik") == "":
			o.include = o.include || strings.Contains(arg, "i")
			o.insecure = o.insecure || strings.Contains(arg, "k")
		case !strings.HasPrefix(arg, "-") && o.url == "":
			o.url = arg
		default:
			return o, fmt.Errorf("%q is not known here: %w", arg, flag.ErrHelp)
		}
	}
	return o, nil
}

// curl does one request and writes the response.
func curl(o curlOptions, out io.Writer) error {
	req, err := http.NewRequest(http.MethodGet, o.url, nil)
	if err != nil {
		return err
	}
	for _, line := range o.headers {
		name, value, _ := strings.Cut(line, ":")
		req.Header.Add(name, strings.TrimSpace(value))
	}
	var transport http.RoundTripper = &http.Transport{
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: o.insecure},
		ForceAttemptHTTP2: true,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if to, ok := o.resolve[address]; ok {
				address = to
			}
			return new(net.Dialer).DialContext(ctx, network, address)
		},
	}
	if o.http3 {
		transport = http3Transport(o)
	}
	defer transport.(interface{ CloseIdleConnections() }).CloseIdleConnections()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	resp, err := transport.RoundTrip(req.WithContext(ctx))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if o.include {
		head, err := httputil.DumpResponse(resp, false)
		if err != nil {
			return err
		}
		lines := strings.Split(string(head), "\r\n")
		// The order of header lines is not that of the wire.
		slices.Sort(lines[1:])
		fmt.Fprintln(out, strings.Join(lines, "\n"))
	}
	_, err = io.Copy(out, resp.Body)
	return err
}

// http3Transport is quic-go's client, since most of curl's do not speak HTTP/3.
func http3Transport(o curlOptions) *http3.Transport {
	return &http3.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: o.insecure},
		Dial: func(ctx context.Context, address string, config *tls.Config, limits *quic.Config) (*quic.Conn, error) {
			if to, ok := o.resolve[address]; ok {
				address = to
			}
			return quic.DialAddr(ctx, address, config, limits)
		},
	}
}
