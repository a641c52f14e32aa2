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
	"server_tokens", "auth_request_set", "set", "proxy_intercept_errors", "recursive_error_pages", "proxy_headers_hash_max_size", "proxy_headers_hash_bucket_size",
	"grpc_read_timeout", "grpc_send_timeout", "grpc_set_header", "http2_max_field_size", "http2_max_header_size",
}

// restrictive returns a directive of a snippet that may say who gets in, or what is served; it is
// empty where all are harmless. Nothing of a snippet is ever obeyed. It takes the text apart as nginx does: a
// semicolon or "#" in quotes is part of a value. What nginx would not read may mean anything, so it is no
// better than a directive that restricts, and neither is what looks like a directive at the beginning of a line.
func restrictive(snippet string) string {
	l := lexer{rest: snippet}
	for begins := true; ; {
		word, kind := l.next()
		switch kind {
		case nothing:
			return ""
		case statementEnd:
			begins = true
			continue
		case broken:
			return word
		case plainWord:
			if (begins || l.newLine && directiveName(word)) && !slices.Contains(harmless, word) {
				return word
			}
		case quotedWord:
			if begins {
				return word
			}
		}
		begins = false
	}
}

// directiveName says whether a word could be the name of a directive.
func directiveName(word string) bool {
	for i := range len(word) {
		if c := word[i]; (c < 'a' || c > 'z') && c != '_' && (c < '0' || c > '9') {
			return false
		}
	}
	return word != "" && (word[0] < '0' || word[0] > '9')
}

// token is what a lexer finds.
type token uint8

const (
	// nothing is the end of the text.
	nothing token = iota
	// statementEnd is a semicolon.
	statementEnd
	plainWord
	quotedWord
	// broken is a brace, or a quote that does not end as it should.
	broken
)

// lexer takes configuration text of nginx apart.
type lexer struct {
	rest string
	// newLine says that the token is the first of its line.
	newLine bool
}

const spaces = " \t\r\n"

func (l *lexer) next() (word string, kind token) {
	l.skip()
	if l.rest == "" {
		return "", nothing
	}
	switch c := l.rest[0]; c {
	case ';':
		l.rest = l.rest[1:]
		return ";", statementEnd
	case '{', '}':
		return string(c), broken
	case '"', '\'':
		word, rest, ended := unquoted(l.rest)
		if !ended || rest != "" && !strings.ContainsRune(spaces+";", rune(rest[0])) {
			return l.rest[:1], broken
		}
		l.rest = rest
		return word, quotedWord
	}
	end := 0
	for end < len(l.rest) && !strings.ContainsRune(spaces+";{", rune(l.rest[end])) {
		switch {
		case l.rest[end] == '\\' && end+1 < len(l.rest):
			end += 2
		case strings.HasPrefix(l.rest[end:], "${"):
			end += 2
		default:
			end++
		}
	}
	word, l.rest = l.rest[:end], l.rest[end:]
	return word, plainWord
}

// skip goes over spaces and comments.
func (l *lexer) skip() {
	l.newLine = false
	for l.rest != "" {
		switch c := l.rest[0]; {
		case c == '#':
			end := strings.IndexByte(l.rest, '\n')
			if end < 0 {
				end = len(l.rest)
			}
			l.rest = l.rest[end:]
		case strings.IndexByte(spaces, c) >= 0:
			l.newLine = l.newLine || c == '\n'
			l.rest = l.rest[1:]
		default:
			return
		}
	}
}
