package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"time"
)

// tokenKey is the secret that tokens of the JWT workload are signed with.
const tokenKey = "0123456789abcdef0123456789abcdef"

// benchToken is the token that every request for features has (RFC 7519, HS256).
var benchToken = func() string {
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode(fmt.Appendf(nil, `{"sub":"bench","exp":%d}`, time.Now().Add(24*time.Hour).Unix()))
	mac := hmac.New(sha256.New, []byte(tokenKey))
	mac.Write([]byte(signed))
	return signed + "." + encode(mac.Sum(nil))
}()
