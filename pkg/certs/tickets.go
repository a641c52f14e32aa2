package certs

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// ticketPeriod is how long a key encrypts.
	ticketPeriod = 24 * time.Hour
	// ticketPeriods is for how many periods more it decrypts: as long as tickets may live
	// (RFC 8446 section 4.6.1).
	ticketPeriods = 7
)

// tickets encrypts the session tickets of all listeners (RFC 8446 section
// 4.6.1, RFC 5077). Its keys outlive tables, and so do sessions.
//
// With a secret, which replicas share, each period has a key that is made of it (RFC 5869), so that
// all of them have the same keys without a word, and a session that one began is resumed by any.
// Without one, the keys are the process's own: crypto/tls makes one each day and forgets it
// after seven.
//
// A ticket is bound to the server name and to the policy under which it was
// issued: offered under another one it is ignored and a full handshake follows. Without
// that, a session begun at a host that asks nothing of its clients could be
// resumed at one that asks for a certificate (CVE-2025-23419, CVE-2025-68121).
type tickets struct {
	// keys is never used for a handshake; it only holds the ticket keys.
	keys   *tls.Config
	now    func() time.Time
	secret []byte

	// mu guards period, which is the one that the keys are of; it is held while they are replaced.
	mu     sync.Mutex
	period int64
}

// ticketVersion changes whenever what is in a ticket comes to mean something else.
const ticketVersion = "sluice/2 "

func newTickets(now func() time.Time, secret []byte) (*tickets, error) {
	t := &tickets{keys: &tls.Config{Time: now}, now: now, secret: secret}
	if len(secret) == 0 {
		return t, nil
	}
	return t, t.turn()
}

// turn puts the keys of the present period in place.
func (t *tickets) turn() error {
	if len(t.secret) == 0 {
		return nil
	}
	period := t.now().Unix() / int64(ticketPeriod/time.Second)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.period == period {
		return nil
	}
	// The first encrypts. The next one may be that of a replica whose clock is ahead.
	periods := []int64{period, period + 1}
	for back := range int64(ticketPeriods) {
		periods = append(periods, period-1-back)
	}
	keys := make([][32]byte, len(periods))
	for i, p := range periods {
		key, err := hkdf.Key(sha256.New, t.secret, nil, "sluice TLS session tickets "+strconv.FormatInt(p, 10), len(keys[i]))
		if err != nil {
			return fmt.Errorf("make the key of session tickets: %w", err)
		}
		copy(keys[i][:], key)
	}
	t.keys.SetSessionTicketKeys(keys)
	t.period = period
	return nil
}

// bind makes cfg, which stands for a policy, issue and accept these tickets.
func (t *tickets) bind(cfg *tls.Config, policy string) {
	cfg.WrapSession = func(cs tls.ConnectionState, ss *tls.SessionState) ([]byte, error) {
		if err := t.turn(); err != nil {
			return nil, err
		}
		ss.Extra = append(ss.Extra, binding(policy, cs.ServerName))
		return t.keys.EncryptTicket(cs, ss)
	}
	cfg.UnwrapSession = func(identity []byte, cs tls.ConnectionState) (*tls.SessionState, error) {
		if err := t.turn(); err != nil {
			return nil, err
		}
		ss, err := t.keys.DecryptTicket(identity, cs)
		if err != nil || ss == nil {
			return nil, err
		}
		// QUIC adds something of its own (its parameters).
		bound := binding(policy, cs.ServerName)
		if !slices.ContainsFunc(ss.Extra, func(one []byte) bool { return bytes.Equal(one, bound) }) {
			return nil, nil
		}
		return ss, nil
	}
}

// binding is what a ticket must say to be accepted for a server name under a policy.
func binding(policy, serverName string) []byte {
	return []byte(ticketVersion + policy + "\x00" + strings.ToLower(serverName))
}
