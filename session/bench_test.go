package session_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"testing"

	"estream/estreamtest"
	"estream/session"
	"estream/wire"
)

// The benchmarks send the same events over loopback TLS, sender and receiver in one
// process, and count messages of 800 bytes. BareTLS is the ceiling: a
// sender that writes and a receiver that throws away.
const (
	benchSize  = 800
	benchCount = 320 // in one Send: 256 KB
)

// versions runs f for both versions of TLS; connect makes a connection.
func versions(b *testing.B, f func(b *testing.B, client *tls.Config, dial string, accept func() (net.Conn, *tls.Config))) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		b.Run(tls.VersionName(version), func(b *testing.B) {
			center, err := estreamtest.New(estreamtest.Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer center.Close()
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			cfg := center.ServerTLS()
			cfg.MinVersion, cfg.MaxVersion = version, version
			b.SetBytes(benchCount * benchSize)
			b.ReportAllocs()
			f(b, center.ClientTLS(), l.Addr().String(), func() (net.Conn, *tls.Config) {
				conn, err := l.Accept()
				if err != nil {
					panic(err)
				}
				return conn, cfg
			})
			b.ReportMetric(float64(b.N)*benchCount/b.Elapsed().Seconds(), "msg/s")
		})
	}
}

func BenchmarkBareTLS(b *testing.B) {
	for _, size := range []int{16 << 10, 256 << 10} {
		b.Run(fmt.Sprint("read=", size), func(b *testing.B) {
			versions(b, func(b *testing.B, clientTLS *tls.Config, addr string, accept func() (net.Conn, *tls.Config)) {
				events := estreamtest.Events(benchCount, benchSize)
				go func() {
					raw, cfg := accept()
					conn := tls.Server(raw, cfg)
					for range b.N {
						if _, err := conn.Write(events); err != nil {
							panic(err)
						}
					}
					conn.CloseWrite()
				}()
				host, _, _ := net.SplitHostPort(addr)
				clientTLS.ServerName = host
				conn, err := tls.Dial("tcp", addr, clientTLS)
				if err != nil {
					b.Fatal(err)
				}
				defer conn.Close()
				b.ResetTimer()
				buf := make([]byte, size)
				total := 0
				for {
					n, err := conn.Read(buf)
					total += n
					if err == io.EOF {
						break
					}
					if err != nil {
						b.Fatal(err)
					}
				}
				if total != b.N*len(events) {
					b.Fatalf("%d bytes", total)
				}
			})
		})
	}
}

func benchmarkHalves(b *testing.B, cfg session.ServerConfig) {
	versions(b, func(b *testing.B, clientTLS *tls.Config, addr string, accept func() (net.Conn, *tls.Config)) {
		events := estreamtest.Events(benchCount, benchSize)
		ctx := context.Background()
		go func() {
			raw, tlsCfg := accept()
			s, err := session.Accept(ctx, session.NewTLSServer(raw, tlsCfg), cfg)
			if err != nil {
				panic(err)
			}
			for range b.N {
				if err := s.Send(ctx, events, benchCount); err != nil {
					panic(err)
				}
			}
			s.End(ctx, nil)
		}()
		c, err := session.Dial(ctx, addr, session.ClientConfig{TLS: clientTLS})
		if err != nil {
			b.Fatal(err)
		}
		b.ResetTimer()
		count := 0
		for {
			batch, err := c.ReadBatch(ctx)
			if err == io.EOF {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
			count += batch.Count
			if err := c.Ack(ctx, batch); err != nil {
				b.Fatal(err)
			}
		}
		b.StopTimer()
		c.Close(ctx, "")
		if count != b.N*benchCount {
			b.Fatalf("%d events", count)
		}
	})
}

func BenchmarkClientSingle(b *testing.B) { benchmarkHalves(b, session.ServerConfig{}) }

// Lock-step: one bundle of 100 messages, one acknowledgement.
func BenchmarkClientBundle(b *testing.B) {
	benchmarkHalves(b, session.ServerConfig{BundleMessages: 100})
}

// BenchmarkScan is the client alone, without TLS and network.
func BenchmarkScan(b *testing.B) {
	events := estreamtest.Events(benchCount, benchSize)
	bundle, err := wire.AppendBundle(nil, 1, 1, 0, events)
	if err != nil {
		b.Fatal(err)
	}
	for name, data := range map[string][]byte{"single": events, "bundle": bundle} {
		b.Run(name, func(b *testing.B) {
			ctx := context.Background()
			c, err := session.NewClient(ctx, &memConn{loop: data}, session.ClientConfig{Flags: single})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			bytes, count := 0, 0
			for b.Loop() {
				batch, err := c.ReadBatch(ctx)
				if err != nil {
					b.Fatal(err)
				}
				bytes, count = bytes+len(batch.Data), count+batch.Count
			}
			b.SetBytes(int64(bytes / b.N))
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(count), "ns/msg")
		})
	}
}
