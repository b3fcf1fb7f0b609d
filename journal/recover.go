package journal

import (
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
		if j.readOnly && errors.Is(err, fs.ErrNotExist) {
			j.segs, err = nil, nil // its owner deleted it meanwhile, and all before it
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
		f := &found{segment: j.newSegment(first, generation)}
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
