package l4

import (
	"bytes"
	"crypto/tls"
	"testing"
)

// withExtension adds an extension to a ClientHello in one record.
func withExtension(t *testing.T, raw []byte, kind uint16, data []byte) []byte {
	t.Helper()
	body := bytes.Clone(raw[recordHeader+messageHeader:])
	r := reader{rest: body}
	r.take(2 + 32)
	r.vector8()
	r.vector16()
	r.vector8()
	at := len(body) - len(r.rest)
	extensions := r.vector16()
	if r.short {
		t.Fatal("the ClientHello has no extensions")
	}
	added := append([]byte{byte(kind >> 8), byte(kind), byte(len(data) >> 8), byte(len(data))}, data...)
	n := len(extensions) + len(added)
	body = append(append(body[:at:at], byte(n>>8), byte(n)), append(bytes.Clone(extensions), added...)...)
	head := []byte{messageHello, byte(len(body) >> 16), byte(len(body) >> 8), byte(len(body))}
	message := append(head, body...)
	return append([]byte{recordHandshake, 3, 1, byte(len(message) >> 8), byte(len(message))}, message...)
}

func TestEncryptedHelloHasItsOuterName(t *testing.T) {
	raw := withExtension(t, helloOf(t, &tls.Config{ServerName: "public.example"}), extensionECH, []byte("whatever is inside"))
	h, _, err := read(bytes.NewReader(raw))
	if err != nil || h.ServerName != "public.example" || !h.Encrypted {
		t.Errorf("got %+v, %v", h, err)
	}
}

func TestNameThatCanBeReadInTwoWaysIsRefused(t *testing.T) {
	one := []byte{0, 4, 0, 0, 1, 'a'}
	for name, c := range map[string]struct {
		config *tls.Config
		data   []byte
	}{
		"two extensions":           {&tls.Config{ServerName: "b.example"}, one},
		"two hosts":                {&tls.Config{InsecureSkipVerify: true}, []byte{0, 8, 0, 0, 1, 'a', 0, 0, 1, 'b'}},
		"an empty host":            {&tls.Config{InsecureSkipVerify: true}, []byte{0, 3, 0, 0, 0}},
		"a dot at the end":         {&tls.Config{InsecureSkipVerify: true}, []byte{0, 5, 0, 0, 2, 'a', '.'}},
		"an empty list":            {&tls.Config{InsecureSkipVerify: true}, []byte{0, 0}},
		"bytes behind the list":    {&tls.Config{InsecureSkipVerify: true}, append(bytes.Clone(one), 0)},
		"a host beyond its length": {&tls.Config{InsecureSkipVerify: true}, []byte{0, 4, 0, 0, 9, 'a'}},
	} {
		t.Run(name, func(t *testing.T) {
			raw := withExtension(t, helloOf(t, c.config), extensionServerName, c.data)
			if h, _, err := read(bytes.NewReader(raw)); err == nil {
				t.Errorf("it was taken for %q", h.ServerName)
			}
			if _, _, ok := asked(raw); ok {
				t.Error("crypto/tls takes it")
			}
		})
	}
}
