package main

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// session is a command in README.md with what it prints.
var session = regexp.MustCompile("(?s)```console\n\\$ sluice ([^\n]*)\n(.*?)```")

// TestReadmeShowsWhatTheProgramPrints runs each session of README.md.
func TestReadmeShowsWhatTheProgramPrints(t *testing.T) {
	t.Chdir("../..")
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	sessions := session.FindAllStringSubmatch(string(text), -1)
	if len(sessions) == 0 {
		t.Fatal("there is no session")
	}
	for _, s := range sessions {
		t.Run(s[1], func(t *testing.T) {
			var out bytes.Buffer
			run(&program{t.Context(), "sluice", strings.NewReader(""), &out, &out}, words(s[1]))
			if diff := cmp.Diff(s[2], out.String()); diff != "" {
				t.Errorf("it prints something else (-README +got):\n%s", diff)
			}
		})
	}
}

// words splits a command line at blanks outside of single quotes.
func words(line string) []string {
	var list []string
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			list = append(list, part)
		} else {
			list = append(list, strings.Fields(part)...)
		}
	}
	return list
}
