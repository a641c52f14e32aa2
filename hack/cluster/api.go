package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

// An api calls the API server as administrator. It works inside the cluster's
// namespaces alone, and only speaks JSON: this program wants three kinds of
// object and no library for all of them.
type api struct {
	client *http.Client
}

// newAPI reads our own certificate.
func newAPI() (*api, error) {
	pki := inside + "/" + pkiDir + "/"
	pair, err := tls.LoadX509KeyPair(pki+ownPair+".crt", pki+ownPair+".key")
	if err != nil {
		return nil, err
	}
	ca, err := os.ReadFile(pki + "ca.crt")
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	return &api{client: &http.Client{Transport: &http.Transport{
		TLSClientConfig:       &tls.Config{Certificates: []tls.Certificate{pair}, RootCAs: roots},
		TLSHandshakeTimeout:   5 * time.Second,
		ResponseHeaderTimeout: 10 * time.Second,
	}}}, nil
}

// stream sends a request and returns the body of its answer, if that is a 2xx.
func (a *api) stream(ctx context.Context, method, path, contentType, body string) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(ctx, method, apiURL+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	response, err := a.client.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode/100 == 2 {
		return response.Body, nil
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(response.Body, 1<<10)) // The status says enough.
	return nil, fmt.Errorf("%s %s: %s: %s", method, path, response.Status, text)
}

// get decodes what is at path into out; a nil out ignores it.
func (a *api) get(ctx context.Context, path string, out any) error {
	body, err := a.stream(ctx, http.MethodGet, path, "", "")
	if err != nil {
		return err
	}
	defer body.Close()
	if out == nil {
		return nil
	}
	return json.NewDecoder(body).Decode(out)
}

// apiServerReady returns nil when the API server says that it is ready.
func apiServerReady(ctx context.Context) error {
	a, err := newAPI()
	if err != nil {
		return err
	}
	defer a.client.CloseIdleConnections()
	return a.get(ctx, "/readyz", nil)
}

// nodeReady returns nil when pods can be scheduled: the node is ready, and the
// service account that they get by default is there.
func (a *api) nodeReady(ctx context.Context) error {
	var node struct {
		Status struct {
			Conditions []struct{ Type, Status, Message string }
		}
	}
	if err := a.get(ctx, "/api/v1/nodes/"+nodeName, &node); err != nil {
		return err
	}
	message := "it has not said so yet"
	for _, condition := range node.Status.Conditions {
		if condition.Type == "Ready" && condition.Status == "True" {
			return a.get(ctx, "/api/v1/namespaces/default/serviceaccounts/default", nil)
		}
		if condition.Type == "Ready" {
			message = condition.Message
		}
	}
	return fmt.Errorf("the node is not ready: %s", message)
}

// plainClient is for the health of components that listen on loopback.
var plainClient = &http.Client{Timeout: 5 * time.Second}

// answers returns a check that a plain GET of url gives a 200.
func answers(url string) func(context.Context) error {
	return func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		response, err := plainClient.Do(request)
		if err != nil {
			return err
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("%s: %s", url, response.Status)
		}
		return nil
	}
}

// await calls check until it returns nil, for at most the given time.
func await(ctx context.Context, what string, most time.Duration, check func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	var last error
	for {
		try, cancelTry := context.WithTimeout(ctx, 5*time.Second)
		err := check(try)
		cancelTry()
		if err == nil {
			return nil
		}
		if ctx.Err() == nil || last == nil {
			last = err // The error of the cut-off last try would say less.
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting %v for %s: %w", most, what, last)
		case <-time.After(100 * time.Millisecond):
		}
	}
}
