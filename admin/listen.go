package admin

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// Bounds of the HTTP server.
const (
	maxConns        = 256 // in all
	maxConnsAddress = 32  // from one address (IPv6: one /64)
	headerTime      = 10 * time.Second
	requestTime     = 2 * time.Minute
	idleTime        = 2 * time.Minute
	drainTime       = 5 * time.Second
	maxHeader       = 16 << 10
)

// Handler returns the HTTP API, for paths below /api/v1/. It has to be reached by TLS
// only: its cookies are not sent otherwise.
func (s *Service) Handler() http.Handler {
	s.init()
	return s.handler
}

// Serve answers requests to the HTTP API on ln, with TLS and the server's certificate,
// until ctx ends; then it lets requests under way finish for at most 5 s, closes ln
// and returns nil. Another error is one of the listener.
func (s *Service) Serve(ctx context.Context, ln net.Listener) error {
	s.init()
	srv := &http.Server{
		Handler: s.handler, ReadHeaderTimeout: headerTime, ReadTimeout: requestTime, WriteTimeout: requestTime, IdleTimeout: idleTime,
		MaxHeaderBytes: maxHeader, Protocols: new(http.Protocols),
		// What clients do wrong while they connect is of interest to nobody else.
		ErrorLog: slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug),
	}
	srv.Protocols.SetHTTP1(true)
	conf := s.Authority.ServerTLSConfig()
	conf.NextProtos = []string{"http/1.1"}
	secure := tls.NewListener(&boundedListener{Listener: ln, from: map[string]int{}}, conf)
	if set, err := s.Store.Settings(); err == nil && len(set.Users) == 0 && len(set.Tokens) == 0 {
		s.Log.Info("nobody can log in to the administration yet", "hint", "estream admin user add NAME --password-file FILE --data DIR")
	}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(secure) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	err := srv.Shutdown(limited)
	if errors.Is(err, context.DeadlineExceeded) {
		err = srv.Close()
	}
	if e := <-ended; !errors.Is(e, http.ErrServerClosed) {
		err = errors.Join(err, e)
	}
	return err
}

// A boundedListener closes connections beyond the bounds, in all and from one address,
// so that somebody who holds many of them locks out nobody but himself.
type boundedListener struct {
	net.Listener

	mu   sync.Mutex
	all  int
	from map[string]int
}

func (l *boundedListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		var addr netip.Addr
		if tcp, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
			addr = tcp.AddrPort().Addr()
		}
		key := network(addr)
		if l.enter(key) {
			return &boundedConn{Conn: conn, leave: sync.OnceFunc(func() { l.leave(key) })}, nil
		}
		_ = conn.Close() // there is nothing to be said before the handshake
	}
}

func (l *boundedListener) enter(key string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all >= maxConns || l.from[key] >= maxConnsAddress {
		return false
	}
	l.all++
	l.from[key]++
	return true
}

func (l *boundedListener) leave(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all--
	if l.from[key]--; l.from[key] == 0 {
		delete(l.from, key)
	}
}

type boundedConn struct {
	net.Conn
	leave func()
}

func (c *boundedConn) Close() error {
	c.leave()
	return c.Conn.Close()
}
