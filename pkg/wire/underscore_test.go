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

func TestAnnouncesTrailers(t *testing.T) {
	for value, want := range map[string]bool{
		"X-Sum": true, "x-sum, grpc-status": true, "X-Sum ,\tServer-Timing": true, "my_sum": true,
		"": false, "X-Sum,": false, ",X-Sum": false, "X Sum": false, "X-Sum; a": false, "Content-Length": false, "X-Sum, Host": false,
		"X-Forwarded-User": false, "Set-Cookie": false, "x_forwarded_for": false, "Trailer": false,
	} {
		if got := AnnouncesTrailers([]byte(value)); got != want {
			t.Errorf("%q: got %v", value, got)
		}
	}
}

const long = "a-name-that-is-longer-than-all-of-ours-together"
