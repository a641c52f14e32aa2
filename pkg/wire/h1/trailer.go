package h1

import "github.com/sluice-dev/sluice/pkg/wire"

// readTrailer reads the trailer section behind the last chunk (RFC 9112 section
// 7.1.2). Its lines obey the rules of the head's.
func (b *body) readTrailer() error {
	in := &b.c.in
	n, err := in.section(&bounds{
		bytes: b.c.lim.MaxTrailerBytes, lines: b.c.lim.MaxFields,
		tooLong: errTrailerTooLarge, tooLarge: errTrailerTooLarge, crowd: errTooManyFields,
	})
	if err != nil {
		return err
	}
	section, start := in.buf.b[in.r:], 0
	for _, end := range in.buf.lines {
		field, underscore, err := parseField(section[start:end])
		if err != nil {
			return err
		}
		start = int(end) + 2
		if underscore && !b.c.underscores().keeps(field.Name) {
			continue
		}
		field.Known = wire.Lookup(field.Name)
		if !b.c.client && wire.ForgesTrailer(field) {
			return errTrailerForbidden
		}
		if wire.MayTrail(field) {
			b.trailer.AppendAlias(field)
			b.hasTrailer = true
		}
	}
	in.consume(n)
	b.kind = bodyNone
	return nil
}
