package ir

import "strconv"

// DirectResponse answers every request that comes to it.
type DirectResponse struct {
	// Status is between 200 and 599.
	Status int
	// Header is sent besides Sluice's own fields.
	Header []HeaderField
	// ContentType is that of Body, and empty where that is.
	ContentType string
	// Body is sent, its variables escaped as ContentType asks; where it is empty, Sluice's own
	// short text for the status is.
	Body Text
}

// Drop ends every request that comes to it without a word: its connection is
// closed, or its stream reset.
type Drop struct{}

func (*DirectResponse) isFilter() {}
func (*Drop) isFilter()           {}

func (d *DirectResponse) words() string {
	text := "direct-response status=" + strconv.Itoa(d.Status)
	for _, f := range d.Header {
		text += " header=" + quote(f.Name) + ":" + strconv.Quote(string(f.Value))
	}
	if d.ContentType != "" {
		text += " type=" + quote(d.ContentType)
	}
	if d.Body != "" {
		text += " body=" + strconv.Quote(string(d.Body))
	}
	return text
}

func (v *validator) directResponse(d *DirectResponse) {
	v.check(d.Status >= 200 && d.Status <= 599, "the status of a direct response is not between 200 and 599")
	v.check((d.Body == "") == (d.ContentType == ""), "a direct response has a body without a content type, or one without need")
	for _, f := range d.Header {
		v.check(f.Name != "", "a direct response has a field without a name")
	}
}
