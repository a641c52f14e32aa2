package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/netip"
	"time"
)

// The load-balancer component gives each Service of type LoadBalancer an
// address, as a cloud's controller would. That is all there is to do: kube-proxy
// takes it from the status and serves it.

// service is the part of a Service that matters here.
type service struct {
	Metadata struct {
		Namespace, Name   string
		DeletionTimestamp *string
	}
	Spec struct {
		Type              string
		LoadBalancerClass *string
		LoadBalancerIP    string
	}
	Status struct {
		LoadBalancer struct {
			Ingress []struct{ IP string }
		}
	}
}

func (s service) key() string { return s.Metadata.Namespace + "/" + s.Metadata.Name }

// ours says whether this component is the one to give s an address. A class
// names another one.
func (s service) ours() bool {
	return s.Spec.Type == "LoadBalancer" && s.Spec.LoadBalancerClass == nil && s.Metadata.DeletionTimestamp == nil
}

// asksForAnother reports whether s asks for an address that it does not have.
func (s service) asksForAnother(held map[netip.Addr]bool) bool {
	asked, err := netip.ParseAddr(s.Spec.LoadBalancerIP)
	return err == nil && !held[asked]
}

// addressPool hands out the addresses of a range.
type addressPool struct {
	pool netip.Prefix
	last netip.Addr // that was handed out
	// holders maps addresses to the Services that have them.
	holders map[netip.Addr]string
}

func newAddressPool(pool netip.Prefix) *addressPool {
	return &addressPool{pool: pool, last: pool.Addr(), holders: map[netip.Addr]string{}}
}

// see notes what a Service has. It returns the address that it should be given
// now, or none if there is nothing to do; an error says that nothing can be done.
func (a *addressPool) see(s service) (netip.Addr, error) {
	held := map[netip.Addr]bool{}
	for _, i := range s.Status.LoadBalancer.Ingress {
		if ip, err := netip.ParseAddr(i.IP); err == nil && s.Spec.Type == "LoadBalancer" {
			held[ip] = true
		}
	}
	for ip, holder := range a.holders {
		if holder == s.key() && !held[ip] {
			delete(a.holders, ip)
		}
	}
	for ip := range held {
		a.holders[ip] = s.key()
	}
	if !s.ours() || len(held) > 0 && !s.asksForAnother(held) {
		return netip.Addr{}, nil
	}
	ip, err := a.choose(s.Spec.LoadBalancerIP)
	if err == nil {
		a.holders[ip] = s.key()
	}
	return ip, err
}

// forget frees what a deleted Service had.
func (a *addressPool) forget(s service) {
	for ip, holder := range a.holders {
		if holder == s.key() {
			delete(a.holders, ip)
		}
	}
}

// choose returns the address that was asked for, or the next free one after the
// one handed out last, so that a freed address rests as long as possible.
func (a *addressPool) choose(asked string) (netip.Addr, error) {
	if asked != "" {
		ip, err := netip.ParseAddr(asked)
		if err != nil {
			return ip, err
		}
		if holder, taken := a.holders[ip]; taken || !a.pool.Contains(ip) {
			return netip.Addr{}, fmt.Errorf("%v is not free in %v (held by %q)", ip, a.pool, holder)
		}
		return ip, nil
	}
	ip := a.last
	for {
		if ip = ip.Next(); !a.pool.Contains(ip) {
			ip = a.pool.Addr().Next() // The first one names the network.
		}
		if _, taken := a.holders[ip]; !taken {
			a.last = ip
			return ip, nil
		}
		if ip == a.last {
			return netip.Addr{}, fmt.Errorf("%v has no free address", a.pool)
		}
	}
}

// runLoadBalancer is the component's own process.
func runLoadBalancer(ctx context.Context) error {
	a, err := newAPI()
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		// The API server closes watches now and then, and tests stop it.
		if err := serveAddresses(ctx, a); err != nil && !errors.Is(err, io.EOF) {
			log.Print(err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(500 * time.Millisecond):
		}
	}
	return nil
}

// serveAddresses lists all Services and follows their changes, until the watch ends.
func serveAddresses(ctx context.Context, a *api) error {
	var list struct {
		Metadata struct{ ResourceVersion string }
		Items    []service
	}
	if err := a.get(ctx, "/api/v1/services", &list); err != nil {
		return err
	}
	pool := newAddressPool(netip.MustParsePrefix(loadBalancerRange))
	// First what is held, so that nothing is handed out twice.
	for pass := range 2 {
		for _, s := range list.Items {
			if held := len(s.Status.LoadBalancer.Ingress) > 0; held == (pass == 0) {
				give(ctx, a, pool, s)
			}
		}
	}
	body, err := a.stream(ctx, http.MethodGet, "/api/v1/services?watch=true&resourceVersion="+list.Metadata.ResourceVersion, "", "")
	if err != nil {
		return err
	}
	defer body.Close()
	for events := json.NewDecoder(body); ; {
		var event struct {
			Type   string
			Object service
		}
		if err := events.Decode(&event); err != nil {
			return err
		}
		switch event.Type {
		case "ADDED", "MODIFIED":
			give(ctx, a, pool, event.Object)
		case "DELETED":
			pool.forget(event.Object)
		default:
			return fmt.Errorf("the watch sent an event of type %s", event.Type)
		}
	}
}

// give writes the address that s needs, if it does, into its status. A failure
// is logged; the next event of s, or the next list, is the next try.
func give(ctx context.Context, a *api, pool *addressPool, s service) {
	ip, err := pool.see(s)
	if err == nil && ip.IsValid() {
		body := fmt.Sprintf(`{"status":{"loadBalancer":{"ingress":[{"ip":%q,"ipMode":"VIP"}]}}}`, ip)
		path := "/api/v1/namespaces/" + s.Metadata.Namespace + "/services/" + s.Metadata.Name + "/status"
		var answer io.ReadCloser
		if answer, err = a.stream(ctx, http.MethodPatch, path, "application/merge-patch+json", body); err == nil {
			answer.Close()
			log.Printf("%s has %v", s.key(), ip)
		} else {
			pool.forget(s)
		}
	}
	if err != nil {
		log.Printf("%s: %v", s.key(), err)
	}
}
