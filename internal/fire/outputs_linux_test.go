package fire

import (
	"bufio"
	"encoding/json"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"
)

// Numbers of events, as the formats write them: initiator's bytes.
const (
	jsonKey   = `"initiatorTransmittedBytes": `
	cefKey    = " bytesOut="
	splunkKey = " src_bytes="
)

// A folder reads the files of an output as they are finished, and removes them.
type folder struct {
	disk  *disk
	tally *tally
	files int // read so far
}

const folderName = "events.json"

// final returns the finished files that the program will never take back: those
// that are not listed beside them any more, or before the one that is safe. A file
// that was finished a moment ago may not be vouched for yet; after a crash it is
// removed and written anew.
func (f *folder) final() (names []string, err error) {
	all, err := filepath.Glob(f.disk.path("events-*.json"))
	if err != nil {
		return nil, err
	}
	var ledger struct {
		Safe  uint64
		Files []struct {
			Seq  uint64
			Name string
		}
	}
	data, err := os.ReadFile(f.disk.path("." + folderName + ".files"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &ledger)
	}
	if err != nil {
		return nil, err
	}
	pending := map[string]bool{}
	for _, e := range ledger.Files {
		pending[e.Name] = e.Seq >= ledger.Safe
	}
	return slices.DeleteFunc(all, func(name string) bool { return pending[name] }), nil
}

// read takes what is final.
func (f *folder) read() error {
	names, err := f.final()
	return errors.Join(err, f.take(names))
}

func (f *folder) take(names []string) error {
	slices.Sort(names)
	for _, name := range names {
		if err := f.tally.file(name); err != nil {
			return err
		}
		if err := os.Remove(name); err != nil {
			return err
		}
		f.files++
	}
	return nil
}

// rest takes everything, after the program has ended in order.
func (f *folder) rest() error {
	names, err := filepath.Glob(f.disk.path("events*.json"))
	return errors.Join(err, f.take(names))
}

// A socket reads lines from TCP connections, like a SIEM's plain input.
type socket struct {
	t     *testing.T
	addr  string
	tally *tally

	mu    sync.Mutex
	ln    net.Listener
	conns map[net.Conn]bool
	wg    sync.WaitGroup
}

func newSocket(t *testing.T, ns *namespace, key string) *socket {
	t.Helper()
	s := &socket{t: t, addr: ns.freePort(t), tally: newTally(key), conns: map[net.Conn]bool{}}
	t.Cleanup(s.close)
	return s
}

// open begins to listen.
func (s *socket) open(ns *namespace) {
	var err error
	ns.Do(func() { s.ln, err = net.Listen("tcp", s.addr) })
	if err != nil {
		s.t.Fatal(err)
	}
	s.wg.Go(func() {
		for {
			c, err := s.ln.Accept()
			if err != nil {
				return // closed
			}
			s.mu.Lock()
			s.conns[c] = true
			s.mu.Unlock()
			s.wg.Go(func() { s.serve(c) })
		}
	})
}

func (s *socket) serve(c net.Conn) {
	defer func() {
		_ = c.Close() // there is nothing to say
		s.mu.Lock()
		delete(s.conns, c)
		s.mu.Unlock()
	}()
	for r := bufio.NewReaderSize(c, 1<<20); ; {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return // half a line is none
		}
		if err := s.tally.line(line); err != nil {
			s.t.Errorf("TCP: %v", err)
		}
	}
}

func (s *socket) close() {
	if s.ln == nil {
		return
	}
	_ = s.ln.Close()
	s.mu.Lock()
	for c := range s.conns {
		_ = c.Close()
	}
	s.mu.Unlock()
	s.wg.Wait()
	s.ln = nil
}

// every runs f again and again until stop is called.
func every(d time.Duration, f func()) (stop func()) {
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		t := time.NewTicker(d)
		defer t.Stop()
		for {
			select {
			case <-t.C:
				f()
			case <-quit:
				return
			}
		}
	}()
	return sync.OnceFunc(func() { close(quit); <-done })
}
