package demo

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"

	"estream/journal"
	"estream/source"
	"estream/wire"
)

// Counts are taken in five different places.
type Counts struct {
	Sent      uint64 // by the server, into the TLS connection
	Received  uint64 // by the collector, out of it
	Journaled uint64 // messages in the collector's journal, read again from disk
	Written   uint64 // lines in the JSON file
	Lost      uint64 // events of the server's journal whose ids are not in the JSON file
	CEF       uint64 // lines in the CEF file, which has lines for some record types only
	CEFTypes  uint64 // records in the collector's journal of a type that has one
}

// OK reports whether everything arrived once.
func (c *Counts) OK() bool {
	return c.Lost == 0 && c.Sent == c.Received && c.Received == c.Journaled && c.Journaled == c.Written && c.CEF == c.CEFTypes
}

// count reads journals and files again. Nothing of what the running system
// believed is used, except what only it can know: Sent and Received.
func (d *demo) count() (*Counts, error) {
	c := &Counts{
		Sent:     d.server.Server.Stats().Sent.Load(),
		Received: d.source.Stats().Received.Load(),
	}
	ids := map[string]int{} // identity of a record -> how many there should be
	dec := wire.NewDecoder(d.Layouts, nil)
	err := eachMessage(d.path("server/journal"), func(m []byte) error {
		r, err := dec.Decode(m)
		if err != nil {
			return err
		}
		// Metadata is sent when an event refers to it, so not all of it is.
		if def, err := d.Layouts.Source().Record(r.Type); err == nil && !def.IsMetadata() {
			ids[identity(r)]++
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("server's journal: %w", err)
	}
	err = eachMessage(d.path("collector/journal"), func(m []byte) error {
		c.Journaled++
		if h, ok := wire.PeekRecord(m); ok && cefTypes[h.Type] {
			c.CEFTypes++
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("collector's journal: %w", err)
	}
	err = eachLine(d.path("events.json"), func(line []byte) error {
		c.Written++
		var v map[string]json.RawMessage
		if err := json.Unmarshal(line, &v); err != nil {
			return fmt.Errorf("line %d: %w", c.Written, err)
		}
		if id := lineIdentity(v); ids[id] > 0 {
			ids[id]--
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("events.json: %w", err)
	}
	for _, n := range ids {
		c.Lost += uint64(n)
	}
	return c, eachLine(d.path("events.cef"), func([]byte) error { c.CEF++; return nil })
}

// cefTypes are the record types of this demonstration that have a CEF line.
var cefTypes = map[uint16]bool{2: true, 71: true, 112: true, 125: true, 170: true, 171: true, 400: true, 500: true, 502: true}

// idFields are what records are told apart by, as eNcore's JSON calls them.
var idFields = []string{
	"deviceId", "eventId", "eventSecond", "eventMicrosecond", "packetSecond", "packetMicrosecond", "connectionCounter", "instanceId",
	"firstPacketTimestamp", "id", "type", "code", "generatorId", "ruleId", "ruleRevision",
}

// identity is what tells a record from every other one: its type, its times, its
// ids, and its length.
func identity(r *wire.Record) string {
	b := fmt.Appendf(nil, "%d %d %d", r.Type, r.ArchiveTimestamp, r.Length)
	for i, name := range idFields {
		// A block under a root of its own does not put its fields on the top level.
		last := len(r.Layout.Fields)
		if r.Layout.EncoreRoot != "" {
			last = r.Layout.Discovery
		}
		for slot := last - 1; slot >= 0; slot-- {
			if f := &r.Layout.Fields[slot]; f.Encore == name && f.Kind.Integer() {
				b = fmt.Appendf(b, " %d=%d", i, r.Uint(slot))
				break
			}
		}
	}
	return string(b)
}

// lineIdentity is identity for a line of JSON.
func lineIdentity(v map[string]json.RawMessage) string {
	b := fmt.Appendf(nil, "%s %s %s", v["recordType"], v["archiveTimestamp"], v["recordLength"])
	for i, name := range idFields {
		if n, err := strconv.ParseUint(string(v[name]), 10, 64); err == nil {
			b = fmt.Appendf(b, " %d=%d", i, n)
		}
	}
	return string(b)
}

// eachMessage reads a journal from disk.
func eachMessage(dir string, f func([]byte) error) (err error) {
	j, err := journal.OpenReadOnly(dir, journal.Options{})
	if err != nil {
		return err
	}
	ctx := context.Background()
	defer func() { err = errors.Join(err, j.Close(ctx)) }()
	r := j.NewReader(j.First(), journal.ReaderOptions{})
	defer func() { err = errors.Join(err, r.Close()) }()
	for {
		v, err := r.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		skip, err := source.First(v.Payload, int(v.Skip))
		if err != nil {
			return err
		}
		for rest := v.Payload[len(skip):]; len(rest) > 0; {
			var m []byte
			if m, rest, err = wire.NextMessage(rest); err != nil {
				return err
			}
			if err := f(m); err != nil {
				return err
			}
		}
	}
}

func eachLine(path string, f func([]byte) error) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	r := bufio.NewReaderSize(file, 1<<20)
	var long []byte
	for {
		line, err := r.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			long = append(long, line...)
			continue
		}
		if len(long) > 0 {
			line = append(long, line...)
			long = long[:0]
		}
		if errors.Is(err, io.EOF) {
			if len(line) > 0 {
				return fmt.Errorf("last line has no end: %.80q", line)
			}
			return nil
		}
		if err != nil {
			return err
		}
		if err := f(bytes.TrimSuffix(slices.Clip(line), []byte{'\n'})); err != nil {
			return err
		}
	}
}
