package compare

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	bufferBytes = 256 << 10
	shownBytes  = 4 << 10 // of a line in a report
	headerBytes = 300     // in which a CEF line must begin
)

// seeds are the same for both sides.
var seeds = [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}

// A side reads the lines of its files, one file after the other.
type side struct {
	specs   []string
	follow  bool
	files   []string        // all that were opened, in order
	seen    map[string]bool // the same
	queue   []string        // still to be opened
	f       *os.File        // nil before the first and behind the last
	r       *bufio.Reader
	offset  int64 // of the next line in f
	number  int64
	waiting *waiting
	hashes  [2]maphash.Hash
	listed  bool
}

func newSide(specs []string, follow bool) *side {
	s := &side{specs: specs, follow: follow, seen: map[string]bool{}, waiting: newWaiting(), r: bufio.NewReaderSize(nil, bufferBytes)}
	for i := range s.hashes {
		s.hashes[i].SetSeed(seeds[i])
	}
	return s
}

func (s *side) close() {
	if s.f != nil {
		_ = s.f.Close() // it was only read
		s.f = nil
	}
}

// list finds files that were not there before.
func (s *side) list() error {
	for _, spec := range s.specs {
		names, err := expand(spec)
		if err != nil {
			return err
		}
		if len(names) == 0 && !s.follow && !s.listed {
			return fmt.Errorf("%s: no file has a name like this", spec)
		}
		for _, name := range names {
			if s.seen[name] {
				continue
			}
			if strings.HasSuffix(name, ".gz") {
				return fmt.Errorf("%s is compressed: unpack it first", name)
			}
			s.seen[name] = true
			s.queue = append(s.queue, name)
		}
	}
	s.listed = true
	return nil
}

// expand returns the files that a file, directory or pattern stands for.
func expand(spec string) ([]string, error) {
	info, err := os.Stat(spec)
	switch {
	case err == nil && !info.IsDir():
		return []string{spec}, nil
	case err == nil:
		entries, err := os.ReadDir(spec)
		if err != nil {
			return nil, err
		}
		var names []string
		for _, e := range entries {
			if e.Type().IsRegular() && !strings.HasPrefix(e.Name(), ".") {
				names = append(names, filepath.Join(spec, e.Name()))
			}
		}
		return names, nil
	case !errors.Is(err, os.ErrNotExist) && !strings.ContainsAny(spec, "*?["):
		return nil, err
	}
	names, err := filepath.Glob(spec)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", spec, err)
	}
	slices.Sort(names)
	return names, nil
}

// next reads a line. io.EOF means that there is none just now.
func (s *side) next() (entry, error) {
	for {
		if s.f == nil {
			if err := s.open(); err != nil {
				return entry{}, err
			}
		}
		e, err := s.line()
		if !errors.Is(err, io.EOF) {
			return e, err
		}
		// The file is at its end for good once there is another one behind it.
		if len(s.queue) == 0 {
			if err := s.list(); err != nil {
				return e, err
			}
		}
		if len(s.queue) == 0 {
			return e, io.EOF
		}
		if e, err := s.line(); !errors.Is(err, io.EOF) {
			return e, err // it grew before the other one came
		}
		s.close()
	}
}

func (s *side) open() error {
	if len(s.queue) == 0 {
		if err := s.list(); err != nil {
			return err
		}
	}
	if len(s.queue) == 0 {
		return io.EOF
	}
	f, err := os.Open(s.queue[0])
	if err != nil {
		return err
	}
	s.files, s.queue = append(s.files, s.queue[0]), s.queue[1:]
	s.f, s.offset, s.number = f, 0, 0
	s.r.Reset(f)
	return nil
}

// line reads one line of the open file. While files grow, one without its end waits
// for it.
func (s *side) line() (entry, error) {
	e := entry{offset: s.offset, number: s.number + 1, file: int32(len(s.files) - 1)}
	length := int64(0)
	for {
		part, err := s.r.ReadSlice('\n')
		if length == 0 && len(part) > 0 {
			s.hashes[0].Reset()
			s.hashes[1].Reset()
		}
		body := bytes.TrimSuffix(part, []byte("\n"))
		if length == 0 {
			body = withoutHeader(body)
		}
		for i := range s.hashes {
			// A Hash takes everything.
			_, _ = s.hashes[i].Write(body)
		}
		length += int64(len(part))
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err == nil, errors.Is(err, io.EOF) && length > 0 && !s.follow:
			s.offset, s.number = s.offset+length, s.number+1
			e.hash = [2]uint64{s.hashes[0].Sum64(), s.hashes[1].Sum64()}
			return e, nil
		case errors.Is(err, io.EOF):
			if _, err := s.f.Seek(s.offset, io.SeekStart); err != nil {
				return e, err
			}
			s.r.Reset(s.f)
			return e, io.EOF
		}
		return e, err
	}
}

// withoutHeader leaves out the syslog header of a CEF line.
func withoutHeader(line []byte) []byte {
	if len(line) == 0 || line[0] != '<' {
		return line
	}
	if i := bytes.Index(line[:min(len(line), headerBytes)], []byte("CEF:")); i > 0 {
		return line[i:]
	}
	return line
}

// text reads a line once more for a report.
func (s *side) text(e entry) string {
	f, err := os.Open(s.files[e.file])
	if err != nil {
		return ""
	}
	defer f.Close()
	buf := make([]byte, shownBytes)
	n, err := f.ReadAt(buf, e.offset)
	if err != nil && !errors.Is(err, io.EOF) {
		return ""
	}
	line, _, _ := bytes.Cut(buf[:n], []byte("\n"))
	return strings.ToValidUTF8(string(line), "?")
}
