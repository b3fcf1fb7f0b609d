package format

import (
	"estream/meta"
	"estream/wire"
)

// A Worker turns batches of concatenated messages into lines. It is not safe for
// concurrent use; every goroutine has its own.
type Worker struct {
	// Report is called for each message that could not be decoded, with its
	// offset in the batch, its number in it, and the error: a *wire.DecodeError,
	// wire.ErrUnknownRecord, wire.ErrUnknownBlock or a *wire.FrameError. r is nil
	// if not even the record header could be read; it is valid during the call.
	// Optional.
	Report func(offset, number int, r *wire.Record, err error)

	decoder   *wire.Decoder
	formatter Formatter
}

// Counts says what became of the messages of a batch. Each message is counted in
// exactly one of Lines, Silent and Undecoded; RawLines counts the undecoded ones
// that got a line in raw form.
type Counts struct {
	Lines     int // written
	Silent    int // the format has no line for the record type
	Undecoded int // malformed, or without known layout
	RawLines  int
	Trailing  int // decoded records with bytes behind their known layout, which were left alone
}

// Messages returns how many messages were counted.
func (c *Counts) Messages() int { return c.Lines + c.Silent + c.Undecoded }

// Add adds the counts of another batch.
func (c *Counts) Add(o Counts) {
	c.Lines += o.Lines
	c.Silent += o.Silent
	c.Undecoded += o.Undecoded
	c.RawLines += o.RawLines
	c.Trailing += o.Trailing
}

// NewWorker returns a worker for a format over a set of layouts.
func NewWorker(set *wire.Layouts, f Format) *Worker {
	return &Worker{decoder: wire.NewDecoder(set, f.Wanted), formatter: f.NewFormatter()}
}

// Append appends the lines of all messages in batch. s must hold the tables as
// they are for every record in it, which meta.Tables.Scan takes care of. Bytes at
// the end that are no whole message count as one undecoded message.
func (w *Worker) Append(dst, batch []byte, s *meta.Snapshot) ([]byte, Counts) {
	var c Counts
	for left := batch; len(left) > 0; {
		offset := len(batch) - len(left)
		message, rest, err := wire.NextMessage(left)
		if err != nil {
			return w.raw(dst, offset, left, nil, err, &c), c
		}
		left = rest
		r, err := w.decoder.Decode(message)
		if err != nil {
			dst = w.raw(dst, offset, message, r, err, &c)
			continue
		}
		if r.Trailing > 0 {
			c.Trailing++
		}
		var ok bool
		if dst, ok = w.formatter.Append(dst, w.decoder, r, s); ok {
			c.Lines++
		} else {
			c.Silent++
		}
	}
	return dst, c
}

func (w *Worker) raw(dst []byte, offset int, message []byte, r *wire.Record, err error, c *Counts) []byte {
	if w.Report != nil {
		w.Report(offset, c.Messages(), r, err)
	}
	c.Undecoded++
	dst, ok := w.formatter.AppendRaw(dst, message, r, err)
	if ok {
		c.RawLines++
	}
	return dst
}
