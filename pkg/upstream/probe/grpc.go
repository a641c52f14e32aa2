package probe

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/sluice-dev/sluice/pkg/wire"
	"github.com/sluice-dev/sluice/pkg/wire/h2"
)

const (
	// healthCheck is the method that is called (grpc/health/v1/health.proto).
	healthCheck = "/grpc.health.v1.Health/Check"
	// maxAnswer bounds the body of the answer, which has a few bytes.
	maxAnswer = 4 << 10
	// prefix is the length of what stands before a message: a flag for compression and the length.
	prefix = 5
)

// servingStatus is HealthCheckResponse.ServingStatus.
type servingStatus uint64

const serving servingStatus = 1

// String returns the status as health.proto spells it.
func (s servingStatus) String() string {
	switch s {
	case 0:
		return "UNKNOWN"
	case serving:
		return "SERVING"
	case 2:
		return "NOT_SERVING"
	case 3:
		return "SERVICE_UNKNOWN"
	}
	return fmt.Sprintf("ServingStatus(%d)", uint64(s))
}

// askGRPC calls Check.
func askGRPC(s *h2.Stream, q *Question) error {
	message := healthCheckRequest(q.Service)
	r := &wire.Request{
		Method:           []byte("POST"),
		Authority:        []byte(q.Host),
		Path:             []byte(healthCheck),
		Length:           int64(len(message)),
		TrailersAccepted: true,
	}
	r.Header.Add("content-type", []byte("application/grpc"))
	r.Header.Add("user-agent", []byte(userAgent))
	if err := s.WriteRequest(r); err != nil {
		return err
	}
	if err := s.WriteBody(message); err != nil {
		return err
	}
	// The endpoint may answer before it has taken all; what is read next says.
	if err := s.Finish(nil); err != nil && !errors.Is(err, h2.ErrClosed) {
		return err
	}
	response, err := answer(s)
	if err != nil {
		return err
	}
	if response.Status != 200 {
		return fmt.Errorf("the status is %d", response.Status)
	}
	body, err := io.ReadAll(io.LimitReader(s, maxAnswer+1))
	if err != nil {
		return err
	}
	if len(body) > maxAnswer {
		return errLong
	}
	code := response.Header.Get("grpc-status")
	if trailer := s.Trailer(); trailer != nil && trailer.Has("grpc-status") {
		code = trailer.Get("grpc-status")
	}
	if string(code) != "0" {
		return fmt.Errorf("the gRPC status is %.16q", code)
	}
	status, err := parseHealthCheckResponse(body)
	if err != nil {
		return err
	}
	if status != serving {
		return fmt.Errorf("it is %s", status)
	}
	return nil
}

// healthCheckRequest is the message with its prefix: field 1 is the name of the service.
func healthCheckRequest(service string) []byte {
	var m []byte
	if service != "" {
		m = append(m, 1<<3|wireBytes)
		m = binary.AppendUvarint(m, uint64(len(service)))
		m = append(m, service...)
	}
	out := binary.BigEndian.AppendUint32([]byte{0}, uint32(len(m)))
	return append(out, m...)
}

var (
	errMalformed  = errors.New("the answer is no HealthCheckResponse")
	errCompressed = errors.New("the answer is compressed, which was not asked for")
	errLong       = errors.New("the answer is too long")
)

// The types of fields in Protocol Buffers (protobuf.dev, "Encoding").
const (
	wireVarint  = 0
	wireFixed64 = 1
	wireBytes   = 2
	wireFixed32 = 5
)

// parseHealthCheckResponse reads a message with its prefix: field 1 is the status, of which the last
// counts; fields that are not known are passed over.
func parseHealthCheckResponse(b []byte) (servingStatus, error) {
	if len(b) < prefix || uint64(binary.BigEndian.Uint32(b[1:])) != uint64(len(b)-prefix) {
		return 0, errMalformed
	}
	if b[0] != 0 {
		return 0, errCompressed
	}
	var status servingStatus
	for b = b[prefix:]; len(b) > 0; {
		tag, n := binary.Uvarint(b)
		if n <= 0 || tag>>3 == 0 || tag>>3 >= 1<<29 {
			return 0, errMalformed
		}
		b = b[n:]
		value, size := fieldOf(b, tag&7)
		if size < 0 {
			return 0, errMalformed
		}
		b = b[size:]
		if tag == 1<<3|wireVarint {
			status = servingStatus(value)
		}
	}
	return status, nil
}

// fieldOf returns the value of a number, and the size of a field of that type; -1 where it is malformed.
func fieldOf(b []byte, kind uint64) (value uint64, size int) {
	switch kind {
	case wireVarint:
		if v, n := binary.Uvarint(b); n > 0 {
			return v, n
		}
		return 0, -1
	case wireFixed64:
		size = 8
	case wireFixed32:
		size = 4
	case wireBytes:
		length, n := binary.Uvarint(b)
		if n <= 0 || length > uint64(len(b)-n) {
			return 0, -1
		}
		return 0, n + int(length)
	default:
		return 0, -1 // Groups are not in use any more.
	}
	if size > len(b) {
		return 0, -1
	}
	return 0, size
}
