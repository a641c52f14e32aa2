package files

import (
	"bytes"
	"encoding/json"
)

// document is one YAML or JSON document of a file.
type document struct {
	// line is where it begins, counted from 1.
	line int
	text []byte
}

// split cuts a file into its documents: at lines of "---" and "...", and JSON
// documents also where one ends and the next begins. Documents without content
// are left out.
func split(text []byte) []document {
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	var documents []document
	start, startLine, line := 0, 1, 1
	flush := func(end int) {
		documents = appendDocument(documents, document{startLine, text[start:end]})
	}
	for at := 0; at < len(text); line++ {
		next := len(text)
		if i := bytes.IndexByte(text[at:], '\n'); i >= 0 {
			next = at + i + 1
		}
		if rest, marker := cutMarker(text[at:next]); marker {
			flush(at)
			start, startLine = next-len(rest), line
		}
		at = next
	}
	flush(len(text))
	return documents
}

// cutMarker returns what stands behind the marker of a document's start or end,
// and false for a line that is none.
func cutMarker(line []byte) (rest []byte, marker bool) {
	for _, marker := range []string{"---", "..."} {
		if rest, found := bytes.CutPrefix(line, []byte(marker)); found && (len(rest) == 0 || bytes.IndexByte([]byte(" \t\r\n"), rest[0]) >= 0) {
			return rest, true
		}
	}
	return nil, false
}

// appendDocument adds a document that has content. Several JSON values in a row count as
// several documents.
func appendDocument(documents []document, d document) []document {
	content := bytes.TrimLeft(d.text, " \t\r\n")
	if len(content) == 0 || onlyComments(d.text) {
		return documents
	}
	// It begins at its first line that is not blank, which keeps its indentation.
	if blank := bytes.LastIndexByte(d.text[:len(d.text)-len(content)], '\n') + 1; blank > 0 {
		d = document{d.line + bytes.Count(d.text[:blank], []byte("\n")), d.text[blank:]}
	}
	if content[0] != '{' {
		return append(documents, d)
	}
	values := jsonValues(d)
	if len(values) < 2 {
		// One value, or YAML in flow style, which the YAML parser reads as well.
		return append(documents, d)
	}
	return append(documents, values...)
}

// jsonValues returns the values of a stream of JSON, nil where it is none.
func jsonValues(d document) []document {
	decoder := json.NewDecoder(bytes.NewReader(d.text))
	var values []document
	for decoder.More() {
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil
		}
		begin := int(decoder.InputOffset()) - len(value)
		values = append(values, document{d.line + bytes.Count(d.text[:begin], []byte("\n")), value})
	}
	return values
}

func onlyComments(text []byte) bool {
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
			return false
		}
	}
	return true
}
