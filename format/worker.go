package format

import (
	"hash/crc32"

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

	// Shedding leaves out what Choice.Keep does not choose.
	Shedding bool

	decoder     *wire.Decoder
	formatter   Formatter
	choice      Choice
	where, keep *filter.Matcher // of choice, nil with it
}

// A Choice says which records a Worker writes.
type Choice struct {
	Where *filter.Filter // nil: all
	Keep  *filter.Filter // what to write while the Worker is shedding; nil: all
	// Sample, if not 0, is the share of records that are written, in 2^32nds. Whether
	// one is depends on its bytes only, so that every output and every repeat agree.
	Sample uint32
}

// Counts says what became of the messages of a batch. Each message is counted in
// exactly one of Lines, Silent, Filtered, Shed and Undecoded; RawLines counts the
// undecoded ones that got a line in raw form.
type Counts struct {
	Lines     int // written
	Filtered  int // not chosen by the filter, or not in the sample
	Shed      int // left out while shedding
	Silent    int // the format has no line for the record type
	Undecoded int // malformed, or without known layout
	RawLines  int
	Trailing  int // decoded records with bytes behind their known layout, which were left alone
}

// Messages returns how many messages were counted.
func (c *Counts) Messages() int { return c.Lines + c.Silent + c.Filtered + c.Shed + c.Undecoded }

// Add adds the counts of another batch.
func (c *Counts) Add(o Counts) {
	c.Lines += o.Lines
	c.Silent += o.Silent
	c.Filtered += o.Filtered
	c.Shed += o.Shed
	c.Undecoded += o.Undecoded
	c.RawLines += o.RawLines
	c.Trailing += o.Trailing
}

// NewWorker returns a worker for a format over a set of layouts.
func NewWorker(set *wire.Layouts, f Format) *Worker { return NewChoosyWorker(set, f, Choice{}) }

// NewChoosyWorker returns a worker that writes the records of a choice. Records
// that their header rules out are not decoded, and of the others only the fields
// that format or filters read.
func NewChoosyWorker(set *wire.Layouts, f Format, c Choice) *Worker {
	w := &Worker{formatter: f.NewFormatter(), choice: c}
	wanted := f.Wanted
	for _, filter := range []*filter.Filter{c.Where, c.Keep} {
		if filter != nil {
			others := wanted
			wanted = func(l *wire.Layout, slot int) bool { return others(l, slot) || filter.Wanted(l, slot) }
		}
	}
	if c.Where != nil {
		w.where = c.Where.NewMatcher()
	}
	if c.Keep != nil {
		w.keep = c.Keep.NewMatcher()
	}
	w.decoder = wire.NewDecoder(set, wanted)
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
		if w.skips(message, &c) {
			continue
		}
		r, err := w.decoder.Decode(message)
		if err != nil {
			dst = w.raw(dst, offset, message, r, err, s, &c)
			continue
		}
		if w.where != nil && !w.where.Match(w.decoder, r, s) {
			c.Filtered++
			continue
		}
		if w.Shedding && w.keep != nil && !w.keep.Match(w.decoder, r, s) {
			c.Shed++
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

// skips counts a message that need not be decoded.
func (w *Worker) skips(message []byte, c *Counts) bool {
	if w.choice.Sample != 0 && crc32.Checksum(message, castagnoli) >= w.choice.Sample {
		c.Filtered++
		return true
	}
	if w.where == nil && !w.Shedding {
		return false
	}
	h, ok := wire.PeekRecord(message)
	switch {
	case !ok:
		return false
	case w.where != nil && w.choice.Where.Skips(&h):
		c.Filtered++
	case w.Shedding && w.keep != nil && w.choice.Keep.Skips(&h):
		c.Shed++
	default:
		return false
	}
	return true
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// raw reports a message that could not be decoded and writes it raw, unless the
// filter knows enough of it to rule it out.
func (w *Worker) raw(dst []byte, offset int, message []byte, r *wire.Record, err error, s *meta.Snapshot, c *Counts) []byte {
	if w.Report != nil {
		w.Report(offset, c.Messages(), r, err)
	}
	c.Undecoded++
	if w.where != nil && r != nil && !w.where.Match(w.decoder, r, s) {
		return dst
	}
	dst, ok := w.formatter.AppendRaw(dst, message, r, err)
	if ok {
		c.RawLines++
	}
	return dst
}
