package format

import (
	"estream/filter"
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
	where     *filter.Filter  // nil: every record
	matcher   *filter.Matcher // nil: every record
}

// Counts says what became of the messages of a batch. Each message is counted in
// exactly one of Lines, Silent, Filtered and Undecoded; RawLines counts the
// undecoded ones that got a line in raw form.
type Counts struct {
	Lines     int // written
	Filtered  int // not chosen by the filter
	Silent    int // the format has no line for the record type
	Undecoded int // malformed, or without known layout
	RawLines  int
	Trailing  int // decoded records with bytes behind their known layout, which were left alone
}

// Messages returns how many messages were counted.
func (c *Counts) Messages() int { return c.Lines + c.Silent + c.Filtered + c.Undecoded }

// Add adds the counts of another batch.
func (c *Counts) Add(o Counts) {
	c.Lines += o.Lines
	c.Silent += o.Silent
	c.Filtered += o.Filtered
	c.Undecoded += o.Undecoded
	c.RawLines += o.RawLines
	c.Trailing += o.Trailing
}

// NewWorker returns a worker for a format over a set of layouts.
func NewWorker(set *wire.Layouts, f Format) *Worker { return NewFilteredWorker(set, f, nil) }

// NewFilteredWorker returns a worker that writes the records that where chooses;
// nil chooses all. Records that their header rules out are not decoded, and of
// the others only the fields that format or filter read.
func NewFilteredWorker(set *wire.Layouts, f Format, where *filter.Filter) *Worker {
	w := &Worker{formatter: f.NewFormatter(), where: where}
	if where == nil {
		w.decoder = wire.NewDecoder(set, f.Wanted)
		return w
	}
	w.matcher = where.NewMatcher()
	w.decoder = wire.NewDecoder(set, func(l *wire.Layout, slot int) bool {
		return f.Wanted(l, slot) || where.Wanted(l, slot)
	})
	return w
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
			return w.raw(dst, offset, left, nil, err, s, &c), c
		}
		left = rest
		if w.where != nil {
			if h, ok := wire.PeekRecord(message); ok && w.where.Skips(&h) {
				c.Filtered++
				continue
			}
		}
		r, err := w.decoder.Decode(message)
		if err != nil {
			dst = w.raw(dst, offset, message, r, err, s, &c)
			continue
		}
		if w.matcher != nil && !w.matcher.Match(w.decoder, r, s) {
			c.Filtered++
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

// raw reports a message that could not be decoded and writes it raw, unless the
// filter knows enough of it to rule it out.
func (w *Worker) raw(dst []byte, offset int, message []byte, r *wire.Record, err error, s *meta.Snapshot, c *Counts) []byte {
	if w.Report != nil {
		w.Report(offset, c.Messages(), r, err)
	}
	c.Undecoded++
	if w.matcher != nil && r != nil && !w.matcher.Match(w.decoder, r, s) {
		return dst
	}
	dst, ok := w.formatter.AppendRaw(dst, message, r, err)
	if ok {
		c.RawLines++
	}
	return dst
}
