package journal

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"estream/internal/durable"
)

// A found segment is a file that recovery looks at.
type found struct {
	*segment
	path   string
	size   int64          // of the file
	header *segmentHeader // nil when it is damaged
	bad    error          // what is wrong with it
}

// recover reads the directory, repairs what a crash left (unless read only),
// and fills in the state of the journal. Nothing is changed before all headers
// have been read, so that a journal of a newer format stays as it is.
func (j *Journal) recover() error {
	list, stray, err := j.list()
	if err != nil {
		return err
	}
	if err := j.loadPins(); err != nil {
		return err
	}
	j.chooseSalt(list)
	// Every file before the last was durable up to the next one before that
	// was created. Of the last nothing is known, except what its batches prove.
	var proof uint64
	for len(list) > 0 {
		last := list[len(list)-1]
		if empty, err := j.discardEmpty(last); err != nil || !empty {
			if err != nil {
				return err
			}
			break
		}
		proof = max(proof, last.first)
		j.next = max(j.next, last.first)
		list = list[:len(list)-1]
	}
	newest := len(list) - 1 // the newest segment that knows its sources
	for newest > 0 && list[newest].header == nil {
		newest--
	}
	for i, f := range list {
		switch {
		case i < len(list)-1:
			err = j.recoverClosed(f, list[i+1].first, i >= newest)
		default:
			err = j.recoverLast(f, proof)
		}
		if err != nil {
			return err
		}
	}
	return j.finishRecovery(stray)
}

// list returns the segments in order, and files that belong to no segment.
func (j *Journal) list() (list []*found, stray []string, err error) {
	entries, err := j.fs.ReadDir(j.dir)
	if err != nil {
		return nil, nil, err
	}
	for _, e := range entries {
		first, generation, ok := parseSegmentName(e.Name())
		if !ok {
			stray = append(stray, e.Name())
			continue
		}
		f := &found{segment: &segment{first: first, generation: generation}, path: filepath.Join(j.dir, e.Name())}
		err := f.readHeader(j.fs)
		if errors.Is(err, fs.ErrNotExist) && j.readOnly {
			continue // the owner deleted it meanwhile
		}
		if err != nil {
			return nil, nil, err
		}
		list = append(list, f)
	}
	slices.SortFunc(list, func(a, b *found) int { return compareSegments(a.segment, b.segment) })
	return list, stray, nil
}

func (f *found) readHeader(fsys durable.FS) (err error) {
	file, err := fsys.OpenFile(f.path, os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	fi, err := file.Stat()
	if err != nil {
		return err
	}
	f.size = fi.Size()
	f.header, err = readSegmentHeader(file, f.size, f.path)
	switch {
	case errors.Is(err, errSegHeader):
		f.header, f.bad = nil, err
	case err != nil:
		return err
	case f.header.first != f.first:
		f.header, f.bad = nil, fmt.Errorf("%w: it is for sequence number %d", errSegHeader, f.header.first)
	default:
		f.headLen = f.header.length
	}
	return nil
}

// chooseSalt takes over the salt of the newest intact segment, if there is one.
func (j *Journal) chooseSalt(list []*found) {
	for _, f := range slices.Backward(list) {
		if f.header != nil {
			j.salt, j.salted = f.header.salt, true
			return
		}
	}
}

// scan hands the items of the first size bytes of a segment to visit until
// that returns false. It returns the offset at which batches that count end.
func (j *Journal) scan(f *found, limit uint64, size int64, verify bool, visit func(item) bool) (end int64, err error) {
	file, err := j.fs.OpenFile(f.path, os.O_RDONLY, 0)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	window := int64(headerBytes)
	if verify {
		window = windowBytes
	}
	s := &scanner{
		w: newWindow(file, size, window), off: f.headLen, salt: j.salt, anySalt: !j.salted,
		verify: verify, expect: f.first, limit: limit,
	}
	end = s.off
	for {
		it, err := s.next()
		if err == io.EOF {
			return end, nil
		}
		if err != nil {
			return 0, fmt.Errorf("read %s: %w", f.path, err)
		}
		if it.bad == nil {
			end = it.off + it.length
			j.salt, j.salted = it.header.salt, true
		}
		if !visit(it) {
			return end, nil
		}
	}
}

// discardEmpty looks at the newest segment and takes it away when it holds no
// message: the crash came while it was being created. What looks as if it once
// held some is set aside instead.
func (j *Journal) discardEmpty(f *found) (empty bool, err error) {
	empty, simple := true, f.header != nil || f.size < segmentFixed
	bad := f.bad
	_, err = j.scan(f, noSeq, f.size, true, func(it item) bool {
		if it.bad != nil {
			simple = simple && it.bad == errShort
			bad = cmp.Or(bad, it.bad)
			return true
		}
		empty = it.header.snapshot()
		return empty
	})
	if err != nil || !empty || j.readOnly {
		return empty, err
	}
	if !simple {
		if simple, err = j.zeros(f.path, f.headLen); err != nil {
			return false, err
		}
	}
	if simple {
		j.log.Info("journal segment that was being created when the last run ended is removed", "file", f.path, "bytes", f.size)
		j.counters.cut += uint64(f.size)
		return true, j.remove(f.path)
	}
	aside := f.path + ".0" + damagedSuffix
	j.log.Error("journal segment holds no readable batch and is set aside", "file", f.path, "as", aside, "error", bad)
	j.counters.damaged++
	return true, j.fs.Rename(f.path, aside)
}

// recoverClosed takes in a segment that another one follows, which begins at
// limit. The index file spares reading it, unless its sources are needed.
func (j *Journal) recoverClosed(f *found, limit uint64, sources bool) error {
	f.closed = true
	if f.header != nil && !sources && j.readIndex(f.segment, f.size, limit) {
		j.accept(f)
		return nil
	}
	if f.header != nil && sources {
		j.takeSources(f.header)
	}
	var bad damages
	f.end = f.first
	end, err := j.scan(f, limit, f.size, false, func(it item) bool {
		if it.bad == nil {
			j.takeBatch(f, &it, sources)
		} else if it.from < it.to || !it.last {
			bad.add(f, &it) // else it is what the next segment supersedes
		}
		return true
	})
	if err != nil {
		return err
	}
	f.segment.size, f.durable = end, end
	if f.end == f.first && len(bad) == 0 && f.first == limit {
		if j.readOnly {
			return nil
		}
		return j.remove(f.path) // superseded as a whole
	}
	if len(bad) == 0 && f.end < limit {
		bad.add(f, &item{off: end, bad: errMissing, from: f.end, to: limit})
	}
	if err := j.report(f, bad); err != nil {
		return err
	}
	if len(bad) == 0 && f.bad == nil && !j.readOnly {
		if err := j.writeIndex(f.segment); err != nil {
			j.log.Warn("journal index not written, opening the journal will take longer", "segment", f.name(), "error", err)
		}
	}
	j.accept(f)
	return nil
}

// takeBatch adds a batch to the index of its segment and the state of its source.
func (j *Journal) takeBatch(f *found, it *item, sources bool) {
	f.index.add(&it.header, it.off)
	f.end = it.header.end()
	if sources && !it.header.snapshot() {
		s := j.sourceFor(it.header.source)
		s.append(&it.header)
		s.commit(&it.header)
	}
}

// takeSources takes over what a segment header says of the sources.
func (j *Journal) takeSources(h *segmentHeader) {
	for _, row := range h.sources {
		b := batchHeader{mark: row.mark, maxArchive: row.maxArchive}
		s := j.sourceFor(row.source)
		s.append(&b)
		s.commit(&b)
	}
}

// accept lists a segment.
func (j *Journal) accept(f *found) {
	j.segs = append(j.segs, f.segment)
	j.next = max(j.next, f.end)
}

// finishRecovery settles where the journal goes on, and cleans up.
func (j *Journal) finishRecovery(stray []string) error {
	// Numbers are never used twice for a consumer: one whose cursor lies
	// behind the end (the tail was lost) would take new messages for old.
	for name, p := range j.pins {
		if p.seq > j.next {
			j.log.Error("journal ends before a cursor: durable messages are missing; numbering goes on at the cursor",
				"cursor", name, "cursor_seq", p.seq, "journal_end", j.next)
			j.next = p.seq
		}
	}
	if j.active != nil && j.active.end != j.next {
		if err := j.closeActive(); err != nil {
			return err
		}
	}
	j.durable = j.next
	if j.readOnly {
		return nil
	}
	if !j.salted {
		var b [8]byte
		if _, err := rand.Read(b[:]); err != nil {
			return err
		}
		j.salt, j.salted = be.Uint64(b[:]), true
	}
	for _, name := range stray {
		if j.isStray(name) {
			if err := j.remove(filepath.Join(j.dir, name)); err != nil {
				return err
			}
		}
	}
	return j.syncDir()
}

// closeActive ends the segment that could have been continued.
func (j *Journal) closeActive() error {
	seg := j.active
	j.active = nil
	seg.closed = true
	if j.open == nil {
		return nil
	}
	j.open = nil
	return seg.file.Close()
}

// isStray reports whether a file is an index without its segment or a leftover of ReplaceFile.
func (j *Journal) isStray(name string) bool {
	base, ok := strings.CutSuffix(name, indexSuffix)
	if !ok {
		return strings.Contains(name, indexSuffix+".tmp-")
	}
	return !slices.ContainsFunc(j.segs, func(s *segment) bool { return s.name() == base+segmentSuffix })
}

// remove removes a file that may be gone already.
func (j *Journal) remove(path string) error {
	if err := j.fs.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// zeros reports whether a file holds nothing but zeros from off on.
func (j *Journal) zeros(path string, off int64) (zero bool, err error) {
	f, err := j.fs.OpenFile(path, os.O_RDONLY, 0)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	b := make([]byte, 64<<10)
	for {
		n, err := f.ReadAt(b, off)
		if len(bytes.TrimLeft(b[:n], "\x00")) > 0 {
			return false, nil
		}
		if err == io.EOF {
			return true, nil
		}
		if err != nil {
			return false, err
		}
		off += int64(n)
	}
}
