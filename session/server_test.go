package session_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"estream/estreamtest"
	"estream/session"
	"estream/wire"
)

// accept runs the server half on one end of a pipe, inside a bubble.
func accept(t *testing.T, cfg session.ServerConfig) (client net.Conn, result func() (*session.Server, error)) {
	t.Helper()
	client, conn := net.Pipe()
	type outcome struct {
		s   *session.Server
		err error
	}
	done := make(chan outcome, 1)
	go func() {
		s, err := session.Accept(context.Background(), conn, cfg)
		done <- outcome{s, err}
	}()
	t.Cleanup(func() { client.Close() })
	return client, func() (*session.Server, error) {
		o := <-done
		return o.s, o.err
	}
}

// request makes the client's part of the negotiation by hand.
func request(t *testing.T, client net.Conn, flags wire.RequestFlags) {
	t.Helper()
	put(t, client, wire.AppendEventStreamRequest(nil, wire.EventStreamRequest{Flags: flags}))
	if !flags.Has(wire.FlagExtendedRequest) {
		return
	}
	get(t, client, unhex(t, articleInformation))
	put(t, client, wire.AppendNull(nil))
	put(t, client, unhex(t, articleStreaming))
}

func put(t *testing.T, conn net.Conn, p []byte) {
	t.Helper()
	if _, err := conn.Write(p); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, conn net.Conn, want []byte) {
	t.Helper()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(conn, got); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("got %x, %v, want %x", got, err, want)
	}
}

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

func TestArticleServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, result := accept(t, session.ServerConfig{})
		put(t, client, unhex(t, articleRequest))
		get(t, client, unhex(t, articleInformation))
		put(t, client, wire.AppendNull(nil))
		for _, b := range unhex(t, articleStreaming) { // in pieces, as slow as it gets
			put(t, client, []byte{b})
		}
		s, err := result()
		if err != nil {
			t.Fatal(err)
		}
		r := s.Request()
		if r.Start != 0 || r.Flags != 0x48900061 || !r.Extended || !reflect.DeepEqual(r.Pairs, articlePairs) {
			t.Errorf("request: %+v", r)
		}
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "request", r)
		if !strings.Contains(log.String(), "12v9 21v4 31v9 61v11 71v14 91v4 101v7 111v6 131v2") {
			t.Errorf("log: %s", &log)
		}
		end(t, s, client)
	})
}

// What a client may send instead of a request, and what becomes of it.
func TestBadRequests(t *testing.T) {
	var tooMany []byte
	for range 3 {
		m, err := wire.AppendHostDataRequest(nil, wire.HostDataRequest{DataType: 7, First: localhost, Last: localhost})
		if err != nil {
			t.Fatal(err)
		}
		tooMany = append(tooMany, m...)
	}
	extended, plain := unhex(t, articleRequest), wire.AppendEventStreamRequest(nil, wire.EventStreamRequest{Flags: single})
	other := wire.AppendStreamingRequest(nil, wire.StreamingRequest{Services: []wire.Service{{ID: 5000}}}, wire.LengthExclusive)
	cfg := session.ServerConfig{HostRequests: 2, MaxRequest: 2000}
	for name, c := range map[string]struct {
		cfg  session.ServerConfig
		send []byte
		info bool   // streaming information is expected
		text string // in the error message
	}{
		"not a request":             {cfg, wire.AppendStreamingRequest(nil, wire.StreamingRequest{}, 0), false, "found streaming request (type 2049, 0 bytes), expected event stream request"},
		"unknown type":              {cfg, wire.AppendHeader(nil, 99, 0), false, "found message type 99"},
		"HTTP":                      {cfg, []byte("GET / HTTP/1.1\r\n\r\n"), false, "header version 18245"},
		"request of 7 bytes":        {cfg, append(wire.AppendHeader(nil, 2, 7), 0, 0, 0, 0, 0, 0, 0), false, "7 bytes found, 8 expected"},
		"giant request":             {cfg, wire.AppendHeader(nil, 2, 0xfffffff0), false, "event stream request of 4294967280 bytes, expected at most 2000"},
		"second request":            {cfg, append(plain, plain...), false, "expected a null message; another request needs another session"},
		"another service":           {cfg, append(extended, other...), true, "service 6667 (eStreamer) is missing"},
		"no streaming request":      {cfg, append(extended, extended...), true, "expected streaming request"},
		"malformed streaming":       {cfg, append(extended, append(wire.AppendHeader(nil, wire.TypeStreamingRequest, 4), 0, 0, 0, 0)...), true, "4 bytes found, at least 16 expected"},
		"null with a body":          {cfg, append(plain, append(wire.AppendHeader(nil, wire.TypeNull, 1), 0)...), false, "null message without a body"},
		"host data not served":      {session.ServerConfig{}, append(plain, tooMany...), false, "host data is not served here"},
		"too many host requests":    {cfg, append(plain, tooMany...), false, "too many host data requests"},
		"malformed host request":    {cfg, append(plain, append(wire.AppendHeader(nil, wire.TypeHostDataRequest, 3), 1, 2, 3)...), false, "3 bytes found, 16 or 40 expected"},
		"wrong version in the flow": {cfg, append(plain, unhex(t, "0003 0000 00000000")...), false, "header version 3"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, result := accept(t, c.cfg)
				go client.Write(c.send) // the server need not read all of it
				if c.info {
					get(t, client, unhex(t, articleInformation))
				}
				answer := make(chan []byte, 1)
				go func() {
					p, _ := io.ReadAll(client)
					answer <- p
				}()
				s, err := result()
				if err == nil { // negotiated, so the session runs and ends
					<-s.Context().Done()
					err = s.Err()
					s.End(t.Context(), nil)
				}
				if !strings.Contains(err.Error(), c.text) {
					t.Errorf("got error %v, want %q", err, c.text)
				}
				p := <-answer
				if len(p) < 8 {
					t.Fatalf("got %x, want an error message", p)
				}
				if m, e := wire.ParseErrorMessage(p[8:]); e != nil || !strings.Contains(m.Text, c.text) || m.Code != -1 {
					t.Errorf("client was told %v, %v, want %q", m, e, c.text)
				}
			})
		})
	}
}

func TestClientLeaves(t *testing.T) {
	plain := wire.AppendEventStreamRequest(nil, wire.EventStreamRequest{Flags: single})
	bye := wire.AppendErrorMessage(nil, wire.ErrorMessage{Code: -1, Text: "bye"})
	for name, c := range map[string]struct {
		send []byte
		want func(error) bool
	}{
		"at once":                   {nil, func(err error) bool { return errors.Is(err, io.EOF) }},
		"inside the request":        {plain[:9], func(err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) }},
		"before the request":        {bye, func(err error) bool { e := (*session.ClientError)(nil); return errors.As(err, &e) && e.Text == "bye" }},
		"while streaming":           {plain, func(err error) bool { return err == io.EOF }},
		"with a reason":             {append(plain, bye...), func(err error) bool { e := (*session.ClientError)(nil); return errors.As(err, &e) && e.Code == -1 }},
		"inside a null":             {append(plain, 0, 1, 0), func(err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) }},
		"with half an ErrorMessage": {append(plain, wire.AppendHeader(nil, wire.TypeError, 0)...), func(err error) bool { e := (*session.ClientError)(nil); return errors.As(err, &e) }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, result := accept(t, session.ServerConfig{})
				put(t, client, c.send)
				client.Close()
				s, err := result()
				if err == nil {
					<-s.Context().Done()
					err = s.Err()
					if e := s.Send(t.Context(), estreamtest.Events(1, 50), 1); e != err {
						t.Errorf("Send: %v, want %v", e, err)
					}
					if e := s.End(t.Context(), nil); e != nil {
						t.Errorf("End: %v", e)
					}
				}
				if !c.want(err) {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

func TestRequestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, result := accept(t, session.ServerConfig{RequestTimeout: 7 * time.Second})
		begin := time.Now()
		wrote := make(chan struct{})
		go func() {
			defer close(wrote)
			for _, b := range unhex(t, articleRequest) { // each byte would renew a deadline per read
				time.Sleep(time.Second)
				if _, err := client.Write([]byte{b}); err != nil {
					return
				}
			}
		}()
		go io.Copy(io.Discard, client)
		_, err := result()
		var timeout *session.TimeoutError
		if !errors.As(err, &timeout) || timeout.After != 7*time.Second {
			t.Errorf("got %v, want a TimeoutError", err)
		}
		if d := time.Since(begin); d > 9*time.Second {
			t.Errorf("took %v", d)
		}
		<-wrote
	})
}

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

func TestHostData(t *testing.T) {
	asked := wire.HostDataRequest{DataType: 7, Flags: 3, First: localhost, Last: localhost}
	synctest.Test(t, func(t *testing.T) {
		s, client := running(t, session.ServerConfig{HostRequests: 1}, wire.FlagNoEvents)
		m, err := wire.AppendHostDataRequest(nil, asked)
		if err != nil {
			t.Fatal(err)
		}
		put(t, client, m)
		if r := <-s.HostRequests(); r != asked {
			t.Errorf("got %v, want %v", r, asked)
		}
		go func() {
			err := errors.Join(s.SendHostData(t.Context(), wire.TypeMultipleHostData, []byte("profile")), s.SendHostData(t.Context(), wire.TypeMultipleHostData, nil))
			if err != nil {
				t.Error(err)
			}
		}()
		get(t, client, append(append(wire.AppendHeader(nil, 7, 7), "profile"...), wire.AppendHeader(nil, 7, 0)...))
		if err := s.SendHostData(t.Context(), wire.TypeEventData, nil); err == nil {
			t.Error("event data as host data: no error")
		}
		end(t, s, client)
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
