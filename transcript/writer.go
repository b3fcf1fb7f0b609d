package transcript

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"sync"
	"time"

	"estream/wire"
)

// Format names the form of the file; it is the first thing in it.
const Format = "estream-session/1"

// A Header says whose session it was. It is the first line.
type Header struct {
	Format string `json:"format"`
	// Side is the end at which it was recorded. Files of a server say nothing, as they
	// never did; a Reader then fills in Server.
	Side    Side      `json:"side,omitempty"`
	Session uint64    `json:"session"`          // number since the start of the program that recorded, from 1
	Client  string    `json:"client,omitempty"` // the host that the client is registered as; at the server's end only
	Peer    string    `json:"peer,omitempty"`   // address and port of the other end
	Local   string    `json:"local,omitempty"`  // address and port of the end that recorded
	Began   time.Time `json:"began"`            // what the times of the lines are counted from
	TLS     string    `json:"tls,omitempty"`    // version
	Cipher  string    `json:"cipher,omitempty"`
	Note    string    `json:"note,omitempty"`
}

// A Side is one of the two ends of a session.
type Side string

// The sides.
const (
	Client Side = "client"
	Server Side = "server"
)

// A Writer writes one recording. Its methods may be called by any goroutine.
type Writer struct {
	out    io.Writer
	limit  int64
	budget func(n int) bool
	now    func() time.Time
	set    *wire.Layouts

	mu      sync.Mutex
	began   time.Time
	n       int
	written int64
	client  framer
	server  framer
	dec     *wire.Decoder
	line    []byte
	ended   bool
	err     error
}

// A WriterOptions says how to record. The zero value of each field is its default.
type WriterOptions struct {
	MaxBytes int64 // of the file; then recording stops. Default: no limit
	// Budget is asked before a line of n bytes is written; false stops recording. It is
	// for limits on several recordings together, and may be nil.
	Budget func(n int) bool
	Now    func() time.Time // default: time.Now
}

// NewWriter begins a recording with its header, whose Format and Began it fills in.
// Each line is one call of out.Write.
func NewWriter(out io.Writer, set *wire.Layouts, h Header, o WriterOptions) (*Writer, error) {
	w := &Writer{out: out, limit: o.MaxBytes, budget: o.Budget, now: o.Now, set: set, dec: wire.NewDecoder(set, nil)}
	if w.limit <= 0 {
		w.limit = math.MaxInt64
	}
	if w.budget == nil {
		w.budget = func(int) bool { return true }
	}
	if w.now == nil {
		w.now = time.Now
	}
	w.began = w.now()
	h.Format, h.Began = Format, w.began.UTC()
	if h.Side == Server {
		h.Side = ""
	}
	line, err := json.Marshal(h)
	if err != nil {
		return nil, fmt.Errorf("record session: %w", err)
	}
	w.client.limit, w.server.limit = maxClientMessage, maxServerMessage
	if err := w.put(append(line, '\n')); err != nil {
		return nil, fmt.Errorf("record session: %w", err)
	}
	return w, nil
}

// Bytes records what one side has sent, cut anywhere. The first error is returned
// to every later call, too; the recording ends with it.
func (w *Writer) Bytes(from Side, p []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	f := &w.client
	if from == Server {
		f = &w.server
	}
	f.feed(p, func(p []byte, problem error) { w.entry(from, p, problem) })
	return w.err
}

// End writes the last line; reason says how the session ended. Bytes of a message
// that never became whole come before. What comes later is not recorded.
func (w *Writer) End(reason string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.client.finish(func(p []byte, problem error) { w.entry(Client, p, problem) })
	w.server.finish(func(p []byte, problem error) { w.entry(Server, p, problem) })
	if w.ended || w.err != nil {
		return w.err
	}
	w.last("end", reason)
	return w.err
}

// last writes the line behind which there is none.
func (w *Writer) last(key, text string) {
	w.line = append(w.time(append(w.line[:0], '{')), `,"`+key+`":`...)
	w.line = appendString(w.line, []byte(text))
	for _, side := range []struct {
		name string
		f    *framer
	}{{"client", &w.client}, {"server", &w.server}} {
		w.line = append(w.line, `,"`+side.name+`":{"messages":`...)
		w.line = strconv.AppendUint(w.line, side.f.messages, 10)
		w.line = append(w.line, `,"bytes":`...)
		w.line = append(strconv.AppendUint(w.line, side.f.bytes, 10), '}')
	}
	w.ended = true
	if err := w.put(append(w.line, '}', '\n')); err != nil {
		w.err = err
	}
}

// entry writes one message, or bytes that are none.
func (w *Writer) entry(from Side, p []byte, problem error) {
	if w.ended || w.err != nil {
		return
	}
	w.n++
	b := append(w.line[:0], `{"n":`...)
	b = strconv.AppendInt(b, int64(w.n), 10)
	b = w.time(append(b, ','))
	b = append(b, `,"from":"`+string(from)+`","bytes":`...)
	b = strconv.AppendInt(b, int64(len(p)), 10)
	if problem != nil {
		b = append(b, `,"problem":`...)
		b = appendString(b, []byte(problem.Error()))
	} else {
		b = w.message(append(b, ','), from, p)
	}
	b = append(b, `,"hex":"`...)
	b = hex.AppendEncode(b, p)
	w.line = append(b, '"', '}', '\n')
	const usual = 1 << 20
	switch n := len(w.line); {
	case w.written+int64(n) > w.limit:
		w.last("stopped", fmt.Sprintf("the recording has reached %d bytes; the session goes on", w.limit))
		return
	case !w.budget(n):
		w.last("stopped", "all recordings together have reached their limit; the session goes on")
		return
	}
	if err := w.put(w.line); err != nil {
		w.err = err
	}
	if cap(w.line) > usual {
		w.line = nil // one giant message need not be paid for ever after
	}
}

// time appends when it is, in seconds since the beginning.
func (w *Writer) time(dst []byte) []byte {
	return strconv.AppendFloat(append(dst, `"at":`...), max(w.now().Sub(w.began).Seconds(), 0), 'f', 6, 64)
}

func (w *Writer) put(line []byte) error {
	n, err := w.out.Write(line)
	w.written += int64(n)
	return err
}
