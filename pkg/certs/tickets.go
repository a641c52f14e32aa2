package certs

import (
	"crypto/tls"
	"strings"
	"time"
)

// tickets encrypts the session tickets of all listeners (RFC 8446 section
// 4.6.1, RFC 5077). Its keys live as long as the process, so that sessions
// outlive tables; crypto/tls makes a new key each day and forgets it after seven.
//
// A ticket is bound to the server name and to the policy under which it was
// issued: offered under another one it is ignored and a full handshake follows. Without
// that, a session begun at a host that asks nothing of its clients could be
// resumed at one that asks for a certificate (CVE-2025-23419, CVE-2025-68121).
type tickets struct {
	// keys is never used for a handshake; it only holds the ticket keys.
	keys *tls.Config
}

// ticketVersion changes whenever what is in a ticket comes to mean something else.
const ticketVersion = "sluice/2 "

func newTickets(now func() time.Time) *tickets { return &tickets{keys: &tls.Config{Time: now}} }

// bind makes cfg, which stands for a policy, issue and accept these tickets.
func (t *tickets) bind(cfg *tls.Config, policy string) {
	cfg.WrapSession = func(cs tls.ConnectionState, ss *tls.SessionState) ([]byte, error) {
		ss.Extra = append(ss.Extra, binding(policy, cs.ServerName))
		return t.keys.EncryptTicket(cs, ss)
	}
	cfg.UnwrapSession = func(identity []byte, cs tls.ConnectionState) (*tls.SessionState, error) {
		ss, err := t.keys.DecryptTicket(identity, cs)
		if err != nil || ss == nil {
			return nil, err
		}
		if len(ss.Extra) != 1 || string(ss.Extra[0]) != string(binding(policy, cs.ServerName)) {
			return nil, nil
		}
		return ss, nil
	}
}

// binding is what a ticket must say to be accepted for a server name under a policy.
func binding(policy, serverName string) []byte {
	return []byte(ticketVersion + policy + "\x00" + strings.ToLower(serverName))
}
