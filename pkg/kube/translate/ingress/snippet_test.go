package ingress

import (
	"slices"
	"strings"
	"testing"
)

func TestWhatASnippetMayRestrict(t *testing.T) {
	for name, tt := range map[string]struct{ snippet, want string }{
		"nothing":                           {"", ""},
		"spaces and comments":               {" \n# deny all;\n ", ""},
		"headers":                           {"more_set_headers \"A: b\";\nproxy_set_header X $remote_user;", ""},
		"a semicolon in a value":            {"add_header Strict-Transport-Security \"max-age=63072000; includeSubDomains; preload\" always;", ""},
		"a policy over several lines":       {"more_set_headers \"Content-Security-Policy: default-src 'self';\n  script-src 'self';\n  return 1\";", ""},
		"several values":                    {"more_set_headers \"A: b\"\n  'C: d';\ngzip_types text/css\n  application/json;", ""},
		"tokens of the server and the like": {"server_tokens off;\nproxy_hide_header X-Powered-By;\nauth_request_set $user $upstream_http_x_user;\nset $a ${b};", ""},
		"a variable in braces":              {"proxy_set_header X a${b}c;", ""},
		"a directive that restricts":        {"deny all;", "deny"},
		"behind another one":                {"add_header A b; deny all;", "deny"},
		"behind a comment sign in quotes":   {"add_header A \"b # c\"; deny all;", "deny"},
		"behind a comment sign in a word":   {"add_header A b#c; deny all;", "deny"},
		"behind a quote in a comment":       {"# it's\ndeny all; # it's", "deny"},
		"behind a quote in a word":          {"add_header A b\"; deny all; \"", "deny"},
		"behind an escaped quote":           {"add_header A \"b\\\"\"; deny all;", "deny"},
		"behind an escaped semicolon":       {"add_header A b\\; ; deny all;", "deny"},
		"behind one that has no end":        {"add_header A b\n  deny all;", "deny"},
		"in a block":                        {"location /a { deny all; }", "location"},
		"a condition":                       {"if ($a = b) { return 403; }", "if"},
		"a block of what has none":          {"add_header A b { deny all; }", "{"},
		"the end of a block":                {"add_header A b; } location / {", "}"},
		"a quote without an end":            {"add_header A \"b; deny all;", "\""},
		"something behind a quote":          {"add_header A \"b\"deny all;", "\""},
		"a directive in quotes":             {"\"deny\" all;", "deny"},
		"a redirect to sign in":             {"return 302 https://in.example.com/;", "return"},
		"code":                              {"access_by_lua_block { ngx.exit(403) }", "access_by_lua_block"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := restrictive(tt.snippet); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// FuzzSnippet compares texts without quotes, comments, braces and escapes with what splitting them says.
func FuzzSnippet(f *testing.F) {
	f.Add("add_header A b; deny all;")
	f.Add("gzip_types a/b\n c/d;\nreturn 404")
	f.Add("add_header A \"b;c\"; # x")
	f.Fuzz(func(t *testing.T, snippet string) {
		got := restrictive(snippet)
		if strings.ContainsAny(snippet, "\"'#{}\\") {
			return
		}
		want := ""
		for _, statement := range strings.Split(snippet, ";") {
			for i, line := range strings.Split(strings.TrimLeft(statement, spaces), "\n") {
				words := strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(spaces, r) })
				if len(words) > 0 && want == "" && !slices.Contains(harmless, words[0]) && (i == 0 || directiveName(words[0])) {
					want = words[0]
				}
			}
		}
		if got != want {
			t.Errorf("of %q: got %q, want %q", snippet, got, want)
		}
	})
}
