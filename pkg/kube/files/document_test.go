package files

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSplit(t *testing.T) {
	type doc struct {
		Line int
		Text string
	}
	for name, test := range map[string]struct {
		text string
		want []doc
	}{
		"one document":                         {"a: 1\n", []doc{{1, "a: 1\n"}}},
		"an empty file has none":               {"", nil},
		"comments alone are none":              {"# a\n---\n  # b\n\n---\na: 1", []doc{{6, "a: 1"}}},
		"two documents":                        {"a: 1\n---\nb: 2\n", []doc{{1, "a: 1\n"}, {3, "b: 2\n"}}},
		"a document behind the marker":         {"---  # first\na: 1\n--- {b: 2}\n", []doc{{1, "  # first\na: 1\n"}, {3, " {b: 2}\n"}}},
		"the end of a document":                {"a: 1\n...\n---\nb: 2\n", []doc{{1, "a: 1\n"}, {4, "b: 2\n"}}},
		"no marker inside of a line or a text": {"a: ---\nb: |\n  ---\n----\n", []doc{{1, "a: ---\nb: |\n  ---\n----\n"}}},
		"line ends of Windows":                 {"a: 1\r\n---\r\nb: 2\r\n", []doc{{1, "a: 1\r\n"}, {3, "b: 2\r\n"}}},
		"a byte order mark":                    {"\xef\xbb\xbfa: 1", []doc{{1, "a: 1"}}},
		"JSON values in a row":                 {"\n{\"a\": 1}\n{\"b\":\n2} {\"c\": 3}", []doc{{2, `{"a": 1}`}, {3, "{\"b\":\n2}"}, {4, `{"c": 3}`}}},
		"YAML that looks like JSON":            {"{a: 1}\n", []doc{{1, "{a: 1}\n"}}},
		"JSON with rubbish behind it":          {"{\"a\": 1} x", []doc{{1, `{"a": 1} x`}}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []doc
			for _, d := range split([]byte(test.text)) {
				got = append(got, doc{d.line, string(d.text)})
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("wanted (-) and got (+):\n%s", diff)
			}
		})
	}
}
