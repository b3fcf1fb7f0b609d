package session_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"estream/estreamtest"
	"estream/session"
	"estream/wire"
)

// running returns a server whose negotiation is done, and its client's end.
func running(t *testing.T, cfg session.ServerConfig, flags wire.RequestFlags) (*session.Server, net.Conn) {
	t.Helper()
	client, result := accept(t, cfg)
	request(t, client, flags)
	s, err := result()
	if err != nil {
		t.Fatal(err)
	}
	return s, client
}

func end(t *testing.T, s *session.Server, client net.Conn) {
	t.Helper()
	client.Close()
	<-s.Context().Done()
	if err := s.End(t.Context(), nil); err != nil {
		t.Error(err)
	}
}

const single = wire.DefaultFlags &^ wire.FlagExtendedRequest

func TestKeepAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, client := running(t, session.ServerConfig{KeepAlive: 30 * time.Second}, single)
		events := estreamtest.Events(1, 50)
		begin := time.Now()
		at := func(want time.Duration) {
			t.Helper()
			if d := time.Since(begin); d != want {
				t.Errorf("at %v, want %v", d, want)
			}
		}
		get(t, client, wire.AppendNull(nil))
		at(30 * time.Second)
		get(t, client, wire.AppendNull(nil))
		at(60 * time.Second)
		time.Sleep(20 * time.Second)
		go s.Send(t.Context(), events, 1)
		get(t, client, events)
		at(80 * time.Second)
		get(t, client, wire.AppendNull(nil))
		at(110 * time.Second)
		if n := s.Stats().KeepAlives; n != 3 && n != 2 { // the last may still be returning
			t.Errorf("%d keep-alives", n)
		}
		end(t, s, client)
	})
}

func TestWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, client := running(t, session.ServerConfig{Window: 4, KeepAlive: session.Off}, single)
		events := estreamtest.Events(10, 50)
		sent := make(chan error, 1)
		go func() { sent <- s.Send(t.Context(), events, 10) }()
		blocked := func(waiting int) {
			t.Helper()
			synctest.Wait()
			if n := s.Stats().Waiting; n != waiting || len(sent) > 0 {
				t.Fatalf("%d in the window, Send returned %v, want %d and Send waiting", n, len(sent) > 0, waiting)
			}
		}
		get(t, client, events[:200])
		blocked(4)
		put(t, client, wire.AppendNull(nil))
		get(t, client, events[200:250])
		blocked(4)
		put(t, client, bytes.Repeat(wire.AppendNull(nil), 4))
		get(t, client, events[250:450])
		blocked(4)
		put(t, client, bytes.Repeat(wire.AppendNull(nil), 100)) // more than there are
		get(t, client, events[450:])
		if err := <-sent; err != nil {
			t.Error(err)
		}
		if st := s.Stats(); st.Waiting != 1 || st.Messages != 10 || st.Acks != 105 {
			t.Errorf("stats: %+v", st)
		}
		end(t, s, client)
	})
}

func TestWindowOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, client := running(t, session.ServerConfig{Window: session.Off, KeepAlive: session.Off}, single)
		events := estreamtest.Events(30000, 30)
		go s.Send(t.Context(), events, 30000)
		get(t, client, events)
		end(t, s, client)
	})
}

func TestBundles(t *testing.T) {
	events := estreamtest.Events(10, 50)
	for _, inner := range []uint16{0, 1} {
		synctest.Test(t, func(t *testing.T) {
			s, client := running(t, session.ServerConfig{BundleMessages: 4, BundleBytes: 170, InnerVersion: inner, ConnectionID: 7, KeepAlive: session.Off}, wire.DefaultFlags)
			sent := make(chan error, 1)
			go func() { sent <- s.Send(t.Context(), events, 10) }()
			for i := range 4 { // of 3, 3, 3 and 1 messages, because of the size
				want, err := wire.AppendBundle(nil, 7, uint32(i+1), inner, events[i*150:min(i*150+150, 500)])
				if err != nil {
					t.Fatal(err)
				}
				get(t, client, want)
				synctest.Wait()
				if n := s.Stats().Bundles; n > uint64(i)+1 {
					t.Errorf("%d bundles sent, want %d: the window is 1", n, i+1)
				}
				put(t, client, wire.AppendNull(nil))
			}
			if err := <-sent; err != nil {
				t.Error(err)
			}
			end(t, s, client)
		})
	}
}

// Bundles need an extended request; other clients get single messages.
// TestFlush waits for the acknowledgement of what was sent, and no longer than
// AckTimeout.
func TestFlush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, client := running(t, session.ServerConfig{Window: 4, KeepAlive: session.Off, AckTimeout: time.Minute}, single)
		if err := s.Flush(t.Context()); err != nil {
			t.Errorf("nothing was sent: %v", err)
		}
		events := estreamtest.Events(3, 50)
		go s.Send(t.Context(), events, 3)
		get(t, client, events)
		flushed := make(chan error, 1)
		flush := func() { flushed <- s.Flush(t.Context()) }
		go flush()
		put(t, client, bytes.Repeat(wire.AppendNull(nil), 2))
		synctest.Wait()
		if len(flushed) > 0 {
			t.Error("flushed with one message unacknowledged")
		}
		put(t, client, wire.AppendNull(nil))
		if err := <-flushed; err != nil {
			t.Error(err)
		}
		go s.Send(t.Context(), events, 3)
		get(t, client, events)
		begin := time.Now()
		go flush()
		var late *session.TimeoutError
		if err := <-flushed; !errors.As(err, &late) || time.Since(begin) != time.Minute {
			t.Errorf("flushed with %v after %v", err, time.Since(begin))
		}
		go io.Copy(io.Discard, client)
		s.End(t.Context(), nil)
		if err := s.Flush(t.Context()); err == nil {
			t.Error("a session that ended was flushed")
		}
	})
}

func TestBundlesNotAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, client := running(t, session.ServerConfig{BundleMessages: 4}, single)
		events := estreamtest.Events(10, 50)
		go s.Send(t.Context(), events, 10)
		get(t, client, events)
		end(t, s, client)
	})
}

func TestNeverAcknowledges(t *testing.T) {
	for _, bundle := range []int{0, 2} {
		synctest.Test(t, func(t *testing.T) {
			s, client := running(t, session.ServerConfig{Window: 5, BundleMessages: bundle, AckTimeout: time.Minute}, wire.DefaultFlags)
			told := make(chan []byte, 1)
			go func() {
				p, _ := io.ReadAll(client)
				told <- p
			}()
			begin := time.Now()
			err := s.Send(t.Context(), estreamtest.Events(10, 50), 10)
			var timeout *session.TimeoutError
			if !errors.As(err, &timeout) || !strings.Contains(err.Error(), "client acknowledged nothing within 1m0s") || time.Since(begin) != time.Minute {
				t.Errorf("after %v: %v", time.Since(begin), err)
			}
			if err := s.End(t.Context(), nil); err != nil {
				t.Error(err)
			}
			if p := <-told; !bytes.Contains(p, []byte("client acknowledged nothing within 1m0s")) {
				t.Errorf("the client was not told: %x", p)
			}
		})
	}
}

// A client that takes nothing at all.
func TestStalledClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := running(t, session.ServerConfig{WriteTimeout: 10 * time.Second}, single)
		begin := time.Now()
		err := s.Send(t.Context(), estreamtest.Events(10, 50), 10)
		var timeout *session.TimeoutError
		if !errors.As(err, &timeout) || time.Since(begin) != 10*time.Second || s.Err() != err {
			t.Errorf("after %v: %v, Err %v", time.Since(begin), err, s.Err())
		}
		s.End(t.Context(), nil)
	})
}

func TestCancelSend(t *testing.T) {
	cause := errors.New("enough")
	for name, cfg := range map[string]session.ServerConfig{
		"in the window": {Window: 5, KeepAlive: session.Off},
		"in a write":    {KeepAlive: session.Off},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, client := running(t, cfg, single)
				ctx, cancel := context.WithCancelCause(t.Context())
				sent := make(chan error, 1)
				go func() { sent <- s.Send(ctx, estreamtest.Events(10, 50), 10) }()
				if cfg.Window > 0 {
					get(t, client, estreamtest.Events(5, 50))
				}
				synctest.Wait()
				cancel(cause)
				if err := <-sent; err != cause {
					t.Errorf("got %v, want %v", err, cause)
				}
				go io.Copy(io.Discard, client)
				s.End(t.Context(), nil)
			})
		})
	}
}

func TestEnd(t *testing.T) {
	for name, c := range map[string]struct {
		reason *wire.ErrorMessage
		want   []byte
	}{
		"silent":        {nil, nil},
		"with a reason": {&wire.ErrorMessage{Code: 19, Text: "No space"}, wire.AppendErrorMessage(nil, wire.ErrorMessage{Code: 19, Text: "No space"})},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, client := running(t, session.ServerConfig{}, single)
				ended := make(chan error, 1)
				go func() { ended <- s.End(t.Context(), c.reason) }()
				get(t, client, c.want)
				synctest.Wait() // End waits for the client to close
				client.Close()
				if err := <-ended; err != nil {
					t.Error(err)
				}
				if err := s.End(t.Context(), nil); err != nil {
					t.Error(err)
				}
				if s.Err() != session.ErrClosed || s.Send(t.Context(), estreamtest.Events(1, 50), 1) != session.ErrClosed {
					t.Errorf("Err: %v, want ErrClosed", s.Err())
				}
			})
		})
	}
}

// End does not wait for a client that does not listen, nor for a Send to it.
func TestEndStalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := running(t, session.ServerConfig{}, single)
		sent := make(chan error, 1)
		go func() { sent <- s.Send(t.Context(), estreamtest.Events(10, 50), 10) }()
		synctest.Wait()
		begin := time.Now()
		s.End(t.Context(), nil)
		if d := time.Since(begin); d > 2*time.Second {
			t.Errorf("took %v", d)
		}
		if err := <-sent; err != session.ErrClosed {
			t.Errorf("Send: %v, want ErrClosed", err)
		}
	})
}

func TestSendMalformed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, bundle := range []int{0, 10} {
			s, client := running(t, session.ServerConfig{Window: 1, BundleMessages: bundle}, wire.DefaultFlags)
			if err := s.Send(t.Context(), estreamtest.Events(2, 50)[:40], 2); err == nil || !strings.Contains(err.Error(), "no whole message at byte 0 of 40") {
				t.Errorf("got %v", err)
			}
			end(t, s, client)
		}
	})
}

// Both halves together, over TLS with and without our transport.
func TestBothHalves(t *testing.T) {
	center := estreamtest.Start(t) // for its certificates
	events := estreamtest.Events(5000, 400)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for name, server := range map[string]func(net.Conn, *tls.Config) *tls.Conn{"ours": session.NewTLSServer, "plain": tls.Server} {
			for _, bundle := range []int{0, 100} {
				t.Run(fmt.Sprint(tls.VersionName(version), " ", name, " bundles of ", bundle), func(t *testing.T) {
					cfg := center.ServerTLS()
					cfg.MinVersion, cfg.MaxVersion = version, version
					l, err := net.Listen("tcp", "127.0.0.1:0")
					if err != nil {
						t.Fatal(err)
					}
					defer l.Close()
					served := make(chan error, 1)
					go func() {
						served <- func() error {
							conn, err := l.Accept()
							if err != nil {
								return err
							}
							s, err := session.Accept(context.Background(), server(conn, cfg), session.ServerConfig{BundleMessages: bundle, Window: 700})
							if err != nil {
								return err
							}
							for range 3 {
								if err := s.Send(context.Background(), events, 5000); err != nil {
									return err
								}
							}
							return s.End(context.Background(), nil)
						}()
					}()
					client, err := session.Dial(t.Context(), l.Addr().String(), session.ClientConfig{TLS: center.ClientTLS()})
					if err != nil {
						t.Fatal(err)
					}
					data, count, err := collect(t.Context(), client)
					if err != io.EOF || count != 15000 || !bytes.Equal(data, bytes.Repeat(events, 3)) {
						t.Errorf("got %d messages, %d bytes, %v, want 15000, %d, EOF", count, len(data), err, 3*len(events))
					}
					client.Close(t.Context(), "")
					if err := <-served; err != nil {
						t.Error(err)
					}
				})
			}
		}
	}
}

// Messages of concurrent Sends, host data and keep-alives never mix.
func TestConcurrentSends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, client := running(t, session.ServerConfig{Window: 7, KeepAlive: time.Millisecond}, single)
		events := estreamtest.Events(100, 3000) // more than one write
		const senders = 4
		for range senders {
			go func() {
				if err := s.Send(t.Context(), events, 100); err != nil {
					t.Error(err)
				}
				if err := s.SendHostData(t.Context(), wire.TypeSingleHostData, events); err != nil {
					t.Error(err)
				}
			}()
		}
		counts := map[wire.MessageType]int{}
		for counts[wire.TypeEventData] < 100*senders || counts[wire.TypeSingleHostData] < senders || counts[wire.TypeNull] == 0 {
			var header [8]byte
			if _, err := io.ReadFull(client, header[:]); err != nil {
				t.Fatal(err)
			}
			h, _ := wire.ParseHeader(header[:])
			if h.Version != 1 || h.Type == wire.TypeEventData && h.Length != 2992 {
				t.Fatalf("header %x", header)
			}
			if _, err := io.CopyN(io.Discard, client, int64(h.Length)); err != nil {
				t.Fatal(err)
			}
			if counts[h.Type]++; h.Type == wire.TypeEventData {
				put(t, client, wire.AppendNull(nil))
			}
		}
		end(t, s, client)
	})
}
