package resolve

import (
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ocsp"

	"github.com/sluice-dev/sluice/pkg/report"
)

// StapleKey is the key of a Secret with a response of OCSP for its certificate, in DER form.
const StapleKey = "tls.ocsp-staple"

// staple is a response of OCSP (RFC 6960) for a certificate; problem says why it cannot be
// served, whatever the time.
type staple struct {
	der         []byte
	from, until time.Time
	problem     string
}

// clockSkew is how far the clock of a responder may be ahead.
const clockSkew = 5 * time.Minute

// parseStaple checks a response for the first certificate of a chain, nil where there is none. The
// signature is checked where the chain has the certificate of the issuer, too.
func parseStaple(der, chain []byte, leaf *x509.Certificate) *staple {
	if len(der) == 0 {
		return nil
	}
	response, err := ocsp.ParseResponseForCert(der, leaf, issuerIn(chain))
	s := &staple{der: der}
	switch {
	case err != nil:
		s.problem = "is no response of OCSP for the certificate"
		if _, structure := errors.AsType[asn1.StructuralError](err); !structure {
			s.problem += ": " + strings.TrimPrefix(strings.Join(strings.Fields(err.Error()), " "), "ocsp: ")
		}
	case response.SerialNumber.Cmp(leaf.SerialNumber) != 0:
		s.problem = "is a response of OCSP for another certificate"
	case response.Status == ocsp.Revoked:
		s.problem = "says that the certificate was revoked on " + date(response.RevokedAt)
	case response.Status != ocsp.Good:
		s.problem = "says that the certificate is not known"
	case response.NextUpdate.IsZero():
		s.problem = "does not say until when it counts"
	default:
		s.from, s.until = response.ThisUpdate, response.NextUpdate
	}
	return s
}

// issuerIn returns the second certificate of a chain, nil where there is none that can be parsed.
func issuerIn(chain []byte) *x509.Certificate {
	for seen := 0; ; {
		var block *pem.Block
		if block, chain = pem.Decode(chain); block == nil {
			return nil
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		if seen++; seen == 2 {
			issuer, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return nil
			}
			return issuer
		}
	}
}

// unusable says why the response is not served now, and "" where it is.
func (s *staple) unusable(now time.Time) string {
	switch {
	case s.problem != "":
		return s.problem
	case now.IsZero():
		return ""
	case !now.Before(s.until):
		return "expired on " + date(s.until)
	case now.Add(clockSkew).Before(s.from):
		return "is not valid before " + date(s.from)
	}
	return ""
}

// featureExtension and statusRequest are how a certificate says that it is worth nothing without
// a response of OCSP (RFC 7633).
var featureExtension = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 24}

const statusRequest = 5

func mustStaple(leaf *x509.Certificate) bool {
	for _, e := range leaf.Extensions {
		var features []int
		if e.Id.Equal(featureExtension) {
			_, err := asn1.Unmarshal(e.Value, &features)
			return err == nil && slices.Contains(features, statusRequest)
		}
	}
	return false
}

// reportStaple tells of a response that is not served, and of one that is missed.
func (r *Resolver) reportStaple(c *certificate, at Place) {
	why := ""
	if c.staple != nil {
		if why = c.staple.unusable(r.Options.Now); why != "" {
			why = fmt.Sprintf("%s in the Secret %q %s, so it is not sent to clients", StapleKey, c.ir.Name, why)
		}
	} else if mustStaple(c.leaf) {
		why = fmt.Sprintf("the certificate in the Secret %q must come with a response of OCSP, but there is none in %s", c.ir.Name, StapleKey)
	}
	if why == "" {
		return
	}
	if mustStaple(c.leaf) {
		why += "; many clients refuse the certificate without one"
	}
	r.Facts.Warnf(at.Origin, at.Field, report.InvalidStaple, "%s", why)
}
