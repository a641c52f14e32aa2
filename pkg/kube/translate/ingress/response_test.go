package ingress

import (
	"slices"
	"strings"
	"testing"
)

func TestWordsOfNginx(t *testing.T) {
	for name, tt := range map[string]struct {
		text  string
		words []string
		sound bool
	}{
		"two words":              {" a\t b ", []string{"a", "b"}, true},
		"quotes":                 {`/ "/; Secure"`, []string{"/", "/; Secure"}, true},
		"the other quotes":       {`'a "b"' c`, []string{`a "b"`, "c"}, true},
		"escapes":                {`"a\"b\\c\d"`, []string{`a"b\c\d`}, true},
		"a quote inside a word":  {`a"b c`, []string{`a"b`, "c"}, true},
		"an empty word":          {`"" a`, []string{"", "a"}, true},
		"nothing":                {" ", nil, true},
		"a quote without end":    {`a "b`, nil, false},
		"an escape at the end":   {`"a\`, nil, false},
		"a word behind a quote":  {`"a"b`, nil, false},
		"expressions stay whole": {`~^/app(/.*)?$ /$1`, []string{"~^/app(/.*)?$", "/$1"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			if words, sound := nginxWords(tt.text); !slices.Equal(words, tt.words) || sound != tt.sound {
				t.Errorf("got %q, %t", words, sound)
			}
		})
	}
}

// FuzzNginxWords quotes each word that comes out, and takes that apart again.
func FuzzNginxWords(f *testing.F) {
	f.Add(`a "b c" 'd'`)
	f.Add(`"\\"`)
	f.Fuzz(func(t *testing.T, text string) {
		words, sound := nginxWords(text)
		if !sound {
			return
		}
		var quoted []string
		for _, word := range words {
			quoted = append(quoted, `"`+strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(word)+`"`)
		}
		again, sound := nginxWords(strings.Join(quoted, " "))
		if !sound || !slices.Equal(again, words) {
			t.Errorf("%q are %q, and those %q, %t", text, words, again, sound)
		}
	})
}
