package follow

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"
)

// datagrams reads a unixgram socket: each datagram holds one or several lines.
func (r *streamRun) datagrams() error {
	s := r.s
	if err := s.socket(); err != nil {
		return err
	}
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: s.Address, Net: "unixgram"})
	if err != nil {
		return fmt.Errorf("listen on %s: %w", s, err)
	}
	err = s.open(conn.LocalAddr())
	if err == nil {
		var ticks sync.WaitGroup
		ticks.Go(r.ticks)
		stop := context.AfterFunc(r.ctx, func() { conn.SetReadDeadline(time.Unix(1, 0)) })
		r.receive(conn)
		stop()
		ticks.Wait()
	}
	err = errors.Join(err, conn.Close())
	// Unlike a listener this does not take its file away.
	if rm := os.Remove(s.Address); rm != nil && !errors.Is(rm, os.ErrNotExist) {
		err = errors.Join(err, rm)
	}
	return err
}

// receive reads datagrams until the context ends. The kernel's queue is the buffer
// between sender and caller: when it is full the sender waits.
func (r *streamRun) receive(conn *net.UnixConn) {
	b := &streamBatch{name: r.s.String()}
	buf := make([]byte, r.max+1)
	for {
		n, _, err := conn.ReadFromUnix(buf)
		if r.ctx.Err() != nil {
			return
		}
		if err != nil {
			r.cancel(fmt.Errorf("read %s: %w", r.s, err))
			return
		}
		if !r.hand(b, buf[:n]) {
			return
		}
	}
}
