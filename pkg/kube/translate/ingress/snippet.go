package ingress

import (
	"slices"
	"strings"
)

// harmless are directives of nginx that restrict nobody: without them headers are missing, or
// something is slower.
var harmless = []string{
	"add_header", "more_set_headers", "more_clear_headers", "more_set_input_headers", "more_clear_input_headers",
	"proxy_set_header", "proxy_hide_header", "proxy_pass_header", "expires", "etag", "charset", "default_type", "add_trailer",
	"gzip", "gzip_types", "gzip_min_length", "gzip_proxied", "gzip_vary", "gzip_comp_level", "gzip_disable", "brotli", "brotli_types",
	"brotli_comp_level", "brotli_min_length", "proxy_buffering", "proxy_buffer_size", "proxy_buffers", "proxy_busy_buffers_size",
	"proxy_request_buffering", "proxy_max_temp_file_size", "proxy_read_timeout", "proxy_send_timeout", "proxy_connect_timeout",
	"proxy_next_upstream", "proxy_next_upstream_tries", "proxy_next_upstream_timeout", "proxy_http_version", "proxy_ignore_client_abort",
	"client_body_buffer_size", "client_header_buffer_size", "large_client_header_buffers", "client_body_timeout", "send_timeout",
	"keepalive_timeout", "keepalive_requests", "tcp_nodelay", "tcp_nopush", "sendfile", "chunked_transfer_encoding", "underscores_in_headers",
	"access_log", "error_log", "log_not_found", "log_subrequest", "port_in_redirect", "absolute_redirect", "server_name_in_redirect",
	"sub_filter", "sub_filter_once", "sub_filter_types", "proxy_cookie_path", "proxy_cookie_domain", "proxy_redirect",
	"grpc_read_timeout", "grpc_send_timeout", "grpc_set_header", "http2_max_field_size", "http2_max_header_size",
}

// restrictive returns a directive of a snippet that may say who gets in, or what is served; it is
// empty where all are harmless. Nothing of a snippet is ever obeyed.
func restrictive(snippet string) string {
	for line := range strings.SplitSeq(snippet, "\n") {
		line, _, _ = strings.Cut(line, "#")
		for statement := range strings.FieldsFuncSeq(line, func(c rune) bool { return c == ';' }) {
			words := strings.Fields(statement)
			if len(words) > 0 && !slices.Contains(harmless, words[0]) {
				return words[0]
			}
		}
	}
	return ""
}
