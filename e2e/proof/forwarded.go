package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// forwarded is a request as Sluice sent it to an origin.
type forwarded struct {
	shape
	// complete says that all of it was sent.
	complete bool
	head     string
}

// splitForwarded reads the requests of one connection in the strictest way there is: an error
// means that something was forwarded that could be read in another.
func splitForwarded(sent []byte) (requests []forwarded, err error) {
	for len(sent) > 0 {
		head, rest, ok := bytes.Cut(sent, []byte("\r\n\r\n"))
		if !ok {
			return append(requests, forwarded{}), nil
		}
		r, length, err := parseHead(string(head))
		if err != nil {
			return requests, fmt.Errorf("%w in %q", err, head)
		}
		var body []byte
		switch length {
		case chunkedLength:
			body, rest, r.complete, err = splitChunks(rest)
			if err != nil {
				return requests, fmt.Errorf("%w behind %q", err, head)
			}
		default:
			n := min(length, len(rest))
			body, rest, r.complete = rest[:n], rest[n:], n == length
		}
		r.length, r.sum, r.head = len(body), sumOf(body), string(head)
		requests, sent = append(requests, r), rest
	}
	return requests, nil
}

// chunkedLength stands for the length of a chunked body.
const chunkedLength = -1

func parseHead(head string) (r forwarded, length int, err error) {
	lines := strings.Split(head, "\r\n")
	if strings.ContainsAny(strings.Join(lines, ""), "\r\n\x00") {
		return r, 0, errors.New("a bare CR, LF or NUL")
	}
	parts := strings.Split(lines[0], " ")
	if len(parts) != 3 || parts[2] != "HTTP/1.1" {
		return r, 0, errors.New("no request line")
	}
	r.method, r.target = parts[0], parts[1]
	seen := make(map[string]int)
	for _, line := range lines[1:] {
		name, value, ok := strings.Cut(line, ":")
		if !ok || name == "" || strings.ContainsAny(name, " \t") {
			return r, 0, fmt.Errorf("the line %q", line)
		}
		name, value = strings.ToLower(name), strings.Trim(value, " \t")
		switch seen[name]++; name {
		case "content-length":
			if length, err = strconv.Atoi(value); err != nil || strconv.Itoa(length) != value || length < 0 {
				return r, 0, fmt.Errorf("the line %q", line)
			}
		case "transfer-encoding":
			if length = chunkedLength; value != "chunked" {
				return r, 0, fmt.Errorf("the line %q", line)
			}
		case "expect", "keep-alive", "proxy-connection":
			return r, 0, fmt.Errorf("the line %q", line)
		}
	}
	if seen["content-length"]+seen["transfer-encoding"] > 1 || seen["host"] != 1 {
		return r, 0, errors.New("two lengths, or not one Host")
	}
	return r, length, nil
}

// splitChunks reads a chunked body and its trailers.
func splitChunks(in []byte) (body, rest []byte, complete bool, err error) {
	for {
		line, behind, ok := bytes.Cut(in, []byte("\r\n"))
		if !ok {
			return body, nil, false, nil
		}
		size, err := strconv.ParseUint(string(line), 16, 31)
		if err != nil {
			return nil, nil, false, fmt.Errorf("the size of a chunk is %q", line)
		}
		if size == 0 {
			return endOfChunks(body, behind)
		}
		if len(behind) < int(size)+2 {
			return append(body, behind[:min(len(behind), int(size))]...), nil, false, nil
		}
		if string(behind[size:size+2]) != "\r\n" {
			return nil, nil, false, errors.New("no end of a chunk")
		}
		body, in = append(body, behind[:size]...), behind[size+2:]
	}
}

// endOfChunks reads the trailers behind the last chunk.
func endOfChunks(body, in []byte) (all, rest []byte, complete bool, err error) {
	for {
		line, behind, ok := bytes.Cut(in, []byte("\r\n"))
		switch {
		case !ok:
			return body, nil, false, nil
		case len(line) == 0:
			return body, behind, true, nil
		case bytes.ContainsAny(line, "\r\n\x00") || !bytes.Contains(line, []byte(":")):
			return nil, nil, false, fmt.Errorf("the trailer %q", line)
		}
		in = behind
	}
}

// reading is what comes of comparing what was forwarded with what an origin has read of it.
type reading struct {
	forwarded, incomplete int
	// refused counts the complete requests that the origin answered with an error of its own; strange
	// are those of them where nobody knows why it did.
	refused int
	strange []string
	// wrong says where the two differ.
	wrong []string
}

// compareConn compares one connection.
func (r *reading) compareConn(o origin, up, down []byte) {
	requests, err := splitForwarded(up)
	if err != nil {
		r.wrong = append(r.wrong, fmt.Sprintf("what was forwarded is ambiguous: %v", err))
		return
	}
	answers := bufio.NewReader(bytes.NewReader(down))
	for _, req := range requests {
		if !req.complete {
			r.incomplete++
			return // It is the last one, and the origin may make of it what it will.
		}
		r.forwarded++
		saw, status, err := readAnswer(answers, req.method)
		switch {
		case errors.Is(err, io.EOF) && !slices.Contains(usualMethods, req.method):
			r.refused++
			return // Not every parser has last words for a method that it does not know.
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			r.wrong = append(r.wrong, fmt.Sprintf("no answer to %v", req.shape))
			return
		case err != nil:
			r.wrong = append(r.wrong, fmt.Sprintf("answer to %v: %v", req.shape, err))
			return
		case saw == "":
			if r.refused++; !req.mayBeRefused() {
				r.strange = append(r.strange, fmt.Sprintf("it refuses with %d: %q", status, req.head))
			}
		case saw != req.String() && (!o.rewrites || !sameButTarget(saw, req.shape)):
			r.wrong = append(r.wrong, fmt.Sprintf("it was sent %v and saw %s", req.shape, saw))
		}
	}
	if more, _ := discard(answers); more > 0 {
		r.wrong = append(r.wrong, fmt.Sprintf("%d bytes of answers to nothing behind %v", more, requests[len(requests)-1].shape))
	}
}

// usualMethods are those that every origin knows, usualFields how many it takes.
var usualMethods = []string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"}

const usualFields = 90

// mayBeRefused says that there are origins that have something against a request that is
// as HTTP wants it: its method, that it is for the server as a whole, that its client named
// no host (HTTP/1.0), or the number of its fields.
func (f forwarded) mayBeRefused() bool {
	return !slices.Contains(usualMethods, f.method) || f.target == "*" ||
		strings.Contains(f.head, "\r\nHost: \r\n") || strings.Count(f.head, "\r\n") > usualFields
}

// sameButTarget compares all but the target.
func sameButTarget(saw string, want shape) bool {
	parts := strings.Split(saw, " ")
	return len(parts) == 4 && parts[0] == want.method && parts[2] == strconv.Itoa(want.length) && parts[3] == strconv.Itoa(want.sum)
}

// readAnswer reads the final response to a method.
func readAnswer(in *bufio.Reader, method string) (saw string, status int, err error) {
	for {
		if _, err := in.Peek(1); err != nil {
			return "", 0, err
		}
		resp, err := http.ReadResponse(in, &http.Request{Method: method})
		if err != nil {
			return "", 0, err
		}
		_, err = discard(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode >= 200 {
			return resp.Header.Get(sawField), resp.StatusCode, err
		}
	}
}
