package follow

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"estream/internal/mute"
)

// A streamRun is the state of one call of Stream.Run.
type streamRun struct {
	s      *Stream
	take   Take
	ctx    context.Context
	cancel context.CancelCauseFunc // ends all with the error that Run returns
	max    int
	loud   *mute.Mute

	mu      sync.Mutex // held during take and Idle
	arrived bool       // since the last tick
}

// A streamBatch is what is cut from one connection.
type streamBatch struct {
	name  string
	off   int64 // where the next byte stands in the connection
	lines [][]byte
	begin []int64
}

// listen accepts connections until the context ends, and waits for their readers.
func (r *streamRun) listen() error {
	s := r.s
	if s.Network == "unix" {
		if err := s.socket(); err != nil {
			return err
		}
	}
	ln, err := new(net.ListenConfig).Listen(r.ctx, s.Network, s.Address)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", s, err)
	}
	if err := s.open(ln.Addr()); err != nil {
		return errors.Join(err, ln.Close())
	}
	defer context.AfterFunc(r.ctx, func() { ln.Close() })() // the error is Accept's to report
	var readers sync.WaitGroup
	defer readers.Wait()
	readers.Go(r.ticks)
	room := make(chan struct{}, cmp.Or(s.MaxConns, defaultConns))
	for {
		conn, err := ln.Accept()
		if r.ctx.Err() != nil {
			if err == nil {
				conn.Close()
			}
			return nil
		}
		if err != nil {
			r.cancel(fmt.Errorf("accept on %s: %w", s, err))
			return nil
		}
		select {
		case room <- struct{}{}:
			readers.Go(func() { r.connection(conn); <-room })
		default:
			conn.Close()
			r.report(ReasonRefused, fmt.Errorf("%d connections are open", cap(room)), conn.RemoteAddr())
		}
	}
}

// connection reads one connection to its end.
func (r *streamRun) connection(conn net.Conn) {
	defer conn.Close()
	defer context.AfterFunc(r.ctx, func() { conn.SetReadDeadline(time.Unix(1, 0)) })()
	r.s.count(func(st *Stats) { st.Files++ })
	b := &streamBatch{name: r.name(conn.RemoteAddr())}
	buf := make([]byte, 64<<10)
	have := 0
	skipping := false
	for {
		n, err := conn.Read(buf[have:])
		have += n
		whole := bytes.LastIndexByte(buf[:have], '\n') + 1
		if err != nil {
			whole = have // the last line may have no end
		}
		if skipping && whole > 0 {
			// The rest of a line that was too long.
			cut := bytes.IndexByte(buf[:whole], '\n') + 1
			if cut == 0 {
				cut = whole
			}
			b.off += int64(cut)
			have, whole = copy(buf, buf[cut:have]), whole-cut
			skipping = false
		}
		if whole > 0 {
			if !r.hand(b, buf[:whole]) {
				return
			}
			have = copy(buf, buf[whole:have])
		}
		switch {
		case err != nil:
			if !errors.Is(err, io.EOF) && r.ctx.Err() == nil {
				r.report(ReasonBroken, err, conn.RemoteAddr())
			}
			return
		case have == len(buf) && have > r.max, skipping && have > 0:
			if !skipping {
				r.report(ReasonLong, fmt.Errorf("at most %d bytes expected", r.max), conn.RemoteAddr())
			}
			b.off += int64(have)
			have, skipping = 0, true
		case have == len(buf):
			buf = append(buf, make([]byte, min(len(buf), max(1, r.max+1-len(buf))))...)
		}
	}
}

// hand cuts b, whole lines, and hands them on. It reports false when that failed.
func (r *streamRun) hand(b *streamBatch, data []byte) bool {
	b.lines, b.begin = b.lines[:0], b.begin[:0]
	size := len(data)
	for len(data) > 0 {
		line, rest, _ := bytes.Cut(data, []byte{'\n'})
		at := b.off
		b.off += int64(len(data) - len(rest))
		data = rest
		line = bytes.TrimSuffix(line, []byte{'\r'})
		switch {
		case len(line) > r.max:
			r.report(ReasonLong, fmt.Errorf("line of %d bytes, at most %d expected", len(line), r.max), nil)
		case len(line) > 0:
			b.lines, b.begin = append(b.lines, line), append(b.begin, at)
		}
	}
	if len(b.lines) == 0 {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ctx.Err() != nil {
		return false
	}
	r.arrived, r.s.batch = true, b
	if err := r.take(r.ctx, b.lines, nil); err != nil {
		r.cancel(fmt.Errorf("hand on %d lines of %s: %w", len(b.lines), r.s, err))
		return false
	}
	r.s.count(func(st *Stats) { st.Lines += uint64(len(b.lines)); st.Bytes += uint64(size) })
	return true
}

// ticks calls Idle while nothing arrives.
func (r *streamRun) ticks() {
	if r.s.Idle == nil {
		return
	}
	ticker := time.NewTicker(cmp.Or(r.s.Poll, DefaultPoll))
	defer ticker.Stop()
	for {
		select {
		case <-r.ctx.Done():
			return
		case <-ticker.C:
		}
		if err := r.tick(); err != nil {
			r.cancel(err)
			return
		}
	}
}

func (r *streamRun) tick() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.arrived || r.ctx.Err() != nil {
		r.arrived = false
		return nil
	}
	return r.s.Idle(r.ctx)
}

func (r *streamRun) name(addr net.Addr) string {
	if addr == nil || addr.String() == "" || addr.String() == "@" {
		return r.s.String()
	}
	return r.s.String() + " from " + addr.String()
}

// report counts an incident; a peer cannot make it log without end.
func (r *streamRun) report(why Reason, err error, peer net.Addr) {
	r.s.count(func(st *Stats) { st.skip(why) })
	if held, ok := r.loud.Held(); ok {
		r.s.Log.Warn("follow: trouble with a sensor's connection", "connection", r.name(peer), "reason", string(why), "error", err, "not_logged", held)
	}
}
