package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"estream/internal/durable"
)

// OpenSegment opens one segment file on its own for reading what it holds at this
// moment: where it lies in a journal's directory, or as a copy with any name, without
// what belongs to it. It takes no lock and changes nothing. The result is as that of
// [OpenReadOnly] for a journal of this segment alone: [Journal.First] is its
// first message, its snapshot is that of [Journal.SegmentStart], readers return a
// *DamageError for what is damaged inside, and io.EOF at its end. There are no cursors.
//
// A torn or damaged tail is no error. tail says where the bytes begin behind which no
// batch is intact, and what is wrong with the first of them; how many messages they
// held nobody knows, so its To equals From. It is nil when the file ends with a batch.
//
// A damaged header is logged, and the batches behind it are read. A file in which
// nothing is intact is an error, and so is one of a newer format (*VersionError). What
// only the next segment could tell is not known: batches that it supersedes (see
// the package comment) are read, too. Of the options only FS and Log are used.
func OpenSegment(file string, opt Options) (j *Journal, tail *DamageError, err error) {
	if err := opt.setDefaults(); err != nil {
		return nil, nil, err
	}
	j = newJournal(filepath.Dir(file), opt)
	j.readOnly = true
	if tail, err = j.recoverSingle(file); err != nil {
		return nil, nil, fmt.Errorf("open journal segment %s: %w", file, err)
	}
	close(j.done)
	return j, tail, nil
}

// LooksLikeSegment reports whether a file that begins with head, 8 bytes or more, is
// a segment of a journal.
func LooksLikeSegment(head []byte) bool {
	return len(head) >= len(segmentMagic) && string(head[:len(segmentMagic)]) == segmentMagic
}

// recoverSingle takes in the one segment of the journal.
func (j *Journal) recoverSingle(file string) (tail *DamageError, err error) {
	f := &found{segment: &segment{path: file, closed: true}}
	if err := f.readAnyHeader(j.fs); err != nil {
		return nil, err
	}
	if f.header != nil {
		j.salt, j.salted = f.header.salt, true
		j.takeSources(f.header)
	}
	batches := 0
	end, err := j.scan(f, noSeq, f.size, false, func(it item) bool {
		switch {
		case it.bad == nil:
			if batches++; batches == 1 && f.header == nil {
				f.first = it.header.seq // nothing else says it
			}
			j.takeBatch(f, &it, true)
		case it.last:
			tail = &DamageError{File: file, Offset: it.off, Length: it.length, From: it.from, To: it.from, Err: it.bad}
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	if f.header == nil && batches == 0 {
		return nil, fmt.Errorf("it is no segment, or nothing in it is intact: %w", f.bad)
	}
	f.end = max(f.end, f.first)
	f.segment.size, f.durable = end, end
	if err := j.report(f, nil); err != nil { // what is damaged inside, readers report
		return nil, err
	}
	j.accept(f)
	j.durable = j.next
	return tail, nil
}

// readAnyHeader is readHeader for a file whose name need not tell where it begins.
func (f *found) readAnyHeader(fsys durable.FS) (err error) {
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
	h, err := readSegmentHeader(file, f.size, f.path)
	if errors.Is(err, errSegHeader) {
		f.bad = err
		return nil
	}
	if err != nil {
		return err
	}
	f.header, f.first, f.headLen, f.end = h, h.first, h.length, h.first
	return nil
}
