package ingress

import (
	"fmt"
	"strings"

	"github.com/sluice-dev/sluice/pkg/ir"
)

// variables are those of nginx that there is something like for, and what that is.
var variables = map[string]ir.Text{
	"host": "{host}", "http_host": "{authority}", "best_http_host": "{authority}", "server_name": "{host}",
	"scheme": "{scheme}", "pass_access_scheme": "{scheme}", "redirect_scheme": "{scheme}",
	"request_uri": "{uri}", "escaped_request_uri": "{uri.escaped}", "uri": "{path}", "document_uri": "{path}",
	"args": "{query}", "query_string": "{query}", "request_method": "{method}", "remote_addr": "{client_ip}", "the_real_ip": "{client_ip}",
	"request_id": "{request_id}", "req_id": "{request_id}", "server_port": "{port}", "pass_port": "{port}", "remote_user": "{principal}",
}

// text makes a Text of one with variables of nginx: $name and ${name}.
func nginxText(s string) (ir.Text, error) {
	var out ir.Text
	for {
		literal, rest, found := strings.Cut(s, "$")
		out += ir.Literal(literal)
		if !found {
			return out, nil
		}
		var name string
		if inner, ok := strings.CutPrefix(rest, "{"); ok {
			name, s, ok = strings.Cut(inner, "}")
			if !ok {
				return "", fmt.Errorf("a variable in %q has no end", s)
			}
		} else {
			end := strings.IndexFunc(rest, func(c rune) bool {
				return c != '_' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9')
			})
			if end < 0 {
				end = len(rest)
			}
			name, s = rest[:end], rest[end:]
		}
		value, err := nginxVariable(name)
		if err != nil {
			return "", err
		}
		out += value
	}
}

func nginxVariable(name string) (ir.Text, error) {
	if value, ok := variables[name]; ok {
		return value, nil
	}
	for prefix, kind := range map[string]string{"http_": "header.", "cookie_": "cookie.", "arg_": "query."} {
		if rest, ok := strings.CutPrefix(name, prefix); ok && rest != "" {
			if prefix == "http_" {
				rest = strings.ReplaceAll(rest, "_", "-")
			}
			return ir.Text("{" + kind + rest + "}"), nil
		}
	}
	return "", fmt.Errorf("the variable $%s is not supported", name)
}
