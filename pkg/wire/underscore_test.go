package wire

import "testing"

func TestDisguised(t *testing.T) {
	for name, want := range map[string]bool{
		"X_Forwarded_For":        true,
		"x-forwarded_for":        true,
		"X_FORWARDED-User":       true,
		"x_forwarded_" + long:    true,
		"x_real_ip":              true,
		"x_request_id":           true,
		"Content_Length":         true,
		"transfer_encoding":      true,
		"content_type":           true,
		"user_agent":             true,
		"proxy_authorization":    true,
		"X_Original-URL":         true,
		"x_rewrite_url":          true,
		"my_field":               false,
		"authorization_":         false,
		"_host":                  false,
		"x_forwarded":            false,
		"grpc_status":            false,
		long + "_x_forwarded_id": false,
		"_":                      false,
		"":                       false,
	} {
		if got := Disguised([]byte(name)); got != want {
			t.Errorf("%q: got %v", name, got)
		}
	}
}

const long = "a-name-that-is-longer-than-all-of-ours-together"
