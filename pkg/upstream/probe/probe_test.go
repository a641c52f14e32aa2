package probe

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"
)

// ok expects what a sound endpoint answers.
func ok(status int) bool { return status >= 200 && status < 400 }

// says makes an endpoint of HTTP/1.1 that answers each request with a text.
func says(text string, seen *string) func(net.Conn) {
	return func(nc net.Conn) {
		defer nc.Close()
		r := bufio.NewReader(nc)
		var head strings.Builder
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			if line == "\r\n" {
				break
			}
			head.WriteString(line)
		}
		if seen != nil {
			*seen = head.String()
		}
		if text != "" {
			_, _ = io.WriteString(nc, text)
		}
	}
}

// serves makes an endpoint of HTTP/2.
func serves(h http.HandlerFunc) func(net.Conn) {
	return func(nc net.Conn) { new(http2.Server).ServeConn(nc, &http2.ServeConnOpts{Handler: h}) }
}

// message is a HealthCheckResponse with its prefix.
func message(status ...byte) []byte {
	m := append([]byte{1 << 3}, status...)
	return append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(m))), m...)
}

// grpc answers a call.
func grpc(status string, body []byte) func(net.Conn) {
	return serves(func(w http.ResponseWriter, r *http.Request) {
		asked, _ := io.ReadAll(r.Body)
		if r.Method != "POST" || r.URL.Path != "/grpc.health.v1.Health/Check" || r.Header.Get("Content-Type") != "application/grpc" ||
			r.Header.Get("Te") != "trailers" || string(asked) != "\x00\x00\x00\x00\x06\x0a\x04shop" || r.Host != "h" {
			w.WriteHeader(400)
			return
		}
		w.Header().Set("Content-Type", "application/grpc")
		w.Header().Set("Trailer", "Grpc-Status")
		_, _ = w.Write(body)
		w.Header().Set("Grpc-Status", status)
	})
}

func TestAnswersAndWhatTheyMean(t *testing.T) {
	get := Question{Host: "h", Path: "/health", Expect: ok}
	get2, call := get, Question{Protocol: GRPC, Host: "h", Service: "shop"}
	get2.Protocol = HTTP2
	for name, tt := range map[string]struct {
		ask      Question
		endpoint func(net.Conn)
		want     string
	}{
		"a good status":             {get, says("HTTP/1.1 204 X\r\n\r\n", nil), ""},
		"a bad status":              {get, says("HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n", nil), "the status is 503"},
		"a good status after a 103": {get, says("HTTP/1.1 103 X\r\n\r\nHTTP/1.1 200 X\r\nContent-Length: 5\r\n\r\n", nil), ""},
		"103 without end":           {get, says(strings.Repeat("HTTP/1.1 103 X\r\n\r\n", 20), nil), "too many informational"},
		"no HTTP":                   {get, says("220 mail.example.com ESMTP\r\n\r\n", nil), "status-line"},
		"a close":                   {get, says("", nil), "closed the connection"},
		"silence":                   {get, func(nc net.Conn) { _, _ = io.Copy(io.Discard, nc) }, "deadline exceeded"},
		"a good status of HTTP/2":   {get2, serves(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }), ""},
		"a bad status of HTTP/2":    {get2, serves(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }), "the status is 500"},
		"HTTP/1.1 in its place":     {get2, says("HTTP/1.1 400 X\r\n\r\n", nil), "h"},
		"silence of HTTP/2":         {get2, func(nc net.Conn) { _, _ = io.Copy(io.Discard, nc) }, "deadline exceeded"},
		"serving":                   {call, grpc("0", message(1)), ""},
		"not serving":               {call, grpc("0", message(2)), "it is NOT_SERVING"},
		"an unknown service":        {call, grpc("5", nil), `the gRPC status is "5"`},
		"an empty answer":           {call, grpc("0", nil), "no HealthCheckResponse"},
		"a long answer":             {call, grpc("0", make([]byte, 5000)), "too long"},
		"no gRPC":                   {call, serves(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) }), "the status is 404"},
		"no gRPC but well":          {call, serves(func(http.ResponseWriter, *http.Request) {}), `the gRPC status is ""`},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				near, far := net.Pipe()
				go tt.endpoint(far)
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
				defer cancel()
				err := Ask(ctx, near, &tt.ask)
				switch {
				case tt.want == "" && err != nil:
					t.Errorf("got %v", err)
				case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
					t.Errorf("got %v, want %q", err, tt.want)
				}
				if _, err := near.Read(nil); !errors.Is(err, io.ErrClosedPipe) {
					t.Errorf("the connection is left open: %v", err)
				}
				far.Close()
			})
		})
	}
}

func TestWhatIsAsked(t *testing.T) {
	near, far := net.Pipe()
	var seen string
	go says("HTTP/1.1 200 X\r\n\r\n", &seen)(far)
	q := &Question{Host: "shop:8080", Path: "/health", Query: "deep=1", HasQuery: true, Header: []Field{{"authorization", "Bearer x"}, {"user-agent", "me"}}, Expect: ok}
	if err := Ask(t.Context(), near, q); err != nil {
		t.Fatal(err)
	}
	const want = "GET /health?deep=1 HTTP/1.1\r\nHost: shop:8080\r\nauthorization: Bearer x\r\nuser-agent: me\r\nConnection: close\r\n"
	if seen != want {
		t.Errorf("got %q, want %q", seen, want)
	}
}

func TestHealthCheckResponses(t *testing.T) {
	for name, tt := range map[string]struct {
		message string
		want    servingStatus
		bad     bool
	}{
		"nothing, which is UNKNOWN":       {"", 0, false},
		"serving":                         {"\x08\x01", serving, false},
		"the last status counts":          {"\x08\x02\x08\x01", serving, false},
		"unknown fields":                  {"\x12\x02ab\x19\x01\x02\x03\x04\x05\x06\x07\x08\x25\x01\x02\x03\x04\x30\xff\x01\x08\x01", serving, false},
		"a status as text":                {"\x0a\x01\x01", 0, false},
		"a field without a value":         {"\x08", 0, true},
		"a text that is cut off":          {"\x12\x09ab", 0, true},
		"a number that is cut off":        {"\x19\x01", 0, true},
		"a group":                         {"\x13\x14", 0, true},
		"a field without a number":        {"\x00\x01", 0, true},
		"a length that no text can have":  {"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 0, true},
		"a tag that no message can have ": {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			b := append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(tt.message))), tt.message...)
			got, err := parseHealthCheckResponse(b)
			if got != tt.want && !tt.bad || (err != nil) != tt.bad {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
	if _, err := parseHealthCheckResponse([]byte{1, 0, 0, 0, 0}); !errors.Is(err, errCompressed) {
		t.Errorf("a compressed message: %v", err)
	}
}

// FuzzHealthCheckResponse looks that what is read is what was written, with whatever else around it.
func FuzzHealthCheckResponse(f *testing.F) {
	f.Add([]byte("\x12\x02ab"), uint64(1))
	f.Fuzz(func(t *testing.T, b []byte, status uint64) {
		_, _ = parseHealthCheckResponse(b)
		framed := append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(b))), b...)
		if _, err := parseHealthCheckResponse(framed); err != nil {
			return
		}
		// What follows a sound message is the last field, so it counts.
		b = binary.AppendUvarint(append(b, 1<<3), status)
		framed = append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(b))), b...)
		got, err := parseHealthCheckResponse(framed)
		if err != nil || uint64(got) != status {
			t.Fatalf("got %d, %v, want %d", got, err, status)
		}
	})
}
