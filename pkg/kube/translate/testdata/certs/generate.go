//go:build ignore

// The program generate makes the certificates of the golden cases anew: go run generate.go.
// Their keys protect nothing.
package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log"
	"math/big"
	"os"
	"time"
)

func main() {
	far := time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)
	issue("shop", false, far, "shop.example.com", "www.example.com")
	issue("shop-rsa", true, far, "shop.example.com", "www.example.com")
	issue("shop-new", false, far, "shop.example.com")
	issue("wildcard", false, far, "*.example.com")
	issue("other", false, far, "other.example.org")
	issue("old-renewed", false, far, "old.example.com")
	issue("expired", false, time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC), "old.example.com")
}

func issue(name string, useRSA bool, until time.Time, hosts ...string) {
	var key crypto.Signer
	var err error
	if useRSA {
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	} else {
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	check(err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: hosts[0]},
		NotBefore:    time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:     until,
		DNSNames:     hosts,
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	check(err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	check(err)
	write(name+".crt", "CERTIFICATE", certificate)
	write(name+".key", "PRIVATE KEY", private)
}

func write(name, kind string, der []byte) {
	check(os.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o644))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
