package doctor

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"estream/estreamtest"
	"estream/pki"
	"estream/wire"
)

// A scene produces one cause for real and diagnoses it.
type scene struct {
	name    string
	step    string // that finds it
	verdict Verdict
	cause   Cause
	play    func(l *lab) Report
}

// diagnose makes a scene of a target.
func diagnose(target func(l *lab) Target) func(*lab) Report {
	return func(l *lab) Report { return Diagnose(l.Context(), target(l)) }
}

const (
	short = 300 * time.Millisecond // waits that only end in a finding
	long  = 2 * time.Second        // the same, when something has to happen before on a busy machine
)

// TestCauses produces every cause and expects its name, its step and a cure.
func TestCauses(t *testing.T) {
	produced := map[Cause]bool{}
	for _, c := range append(scenes(), systemScenes(t)...) {
		t.Run(c.name, func(t *testing.T) {
			r := c.play(newLab(t))
			s, _ := r.Worst()
			if s.Cause != c.cause || s.Name != c.step || s.Verdict != c.verdict {
				t.Errorf("got %v %q at %q, want %v %q at %q\n%s", s.Verdict, s.Cause, s.Name, c.verdict, c.cause, c.step, text(t, r))
			}
			if c.cause != "" && (s.Cure == "" || s.Found == "" || s.Tried == "" || strings.ContainsAny(s.Cure+s.ByHand, "{}")) {
				t.Errorf("incomplete: %+v", s)
			}
			produced[s.Cause] = true
		})
	}
	for _, c := range Causes() {
		if !produced[c] && !slices.Contains(elsewhere, c) {
			t.Errorf("no scene produces %s", c)
		}
	}
}

func text(t *testing.T, r Report) string {
	var b bytes.Buffer
	if err := WriteText(&b, false, r); err != nil {
		t.Error(err)
	}
	return b.String()
}

func scenes() []scene {
	return slices.Concat(
		[]scene{{"all is well", "", Skipped, "", diagnose(func(l *lab) Target {
			target := l.target(l.center(l.serverTLS(), l.streaming()...))
			target.StateDir = filepath.Join(l.dir, "not", "yet")
			target.Outputs = []OutputCheck{{"json", WritableCheck(l.dir)}}
			target.Status = &Status{LastReceived: l.now, LastArchive: l.now}
			return target
		})}},
		certificateScenes(), networkScenes(), tlsScenes(), sessionScenes(), localScenes())
}

func certificateScenes() []scene {
	file := func(name string, verdict Verdict, cause Cause, path func(l *lab) string) scene {
		return scene{name, StepFile, verdict, cause, diagnose(func(l *lab) Target {
			return Target{Addr: l.center(l.serverTLS(), l.streaming()...), PKCS12: path(l)}
		})}
	}
	dated := func(name string, verdict Verdict, cause Cause, from, to int) scene {
		return scene{name, StepClient, verdict, cause, diagnose(func(l *lab) Target {
			cfg := l.serverTLS()
			cfg.ClientAuth = tls.RequireAnyClientCert // the dates are for us to find
			target := l.target(l.center(cfg, l.streaming()...))
			target.PKCS12 = l.file(l.cert(l.ca, "127.0.0.1", x509.ExtKeyUsageClientAuth, from, to), "", l.ca)
			return target
		})}
	}
	return []scene{
		file("no file configured", Failed, FileMissing, func(*lab) string { return "" }),
		file("file missing", Failed, FileMissing, func(l *lab) string { return filepath.Join(l.dir, "client.pkcs12") }),
		file("a directory", Failed, FileUnreadable, func(l *lab) string { return l.dir }),
		file("PEM", Failed, FileInvalid, func(l *lab) string { return l.write("client.pem", []byte("-----BEGIN CERTIFICATE-----\n")) }),
		file("password missing", Failed, WrongPassword, func(l *lab) string { return l.file(l.client(), "geheim", l.ca) }),
		{"wrong password", StepFile, Failed, WrongPassword, diagnose(func(l *lab) Target {
			return Target{Addr: l.center(l.serverTLS(), l.streaming()...), PKCS12: l.file(l.client(), "geheim", l.ca), Password: "falsch"}
		})},
		dated("expired", Failed, ClientExpired, -100, -1),
		dated("from tomorrow", Failed, ClientNotYetValid, 1, 100),
		dated("to next week", Warning, ClientExpiring, -100, 7),
	}
}

func networkScenes() []scene {
	return []scene{
		{"no address", StepName, Failed, AddressInvalid, diagnose(func(l *lab) Target { return l.target("fmc:8302:8302") })},
		{"no such name", StepName, Failed, NameUnresolved, diagnose(func(l *lab) Target {
			target := l.target("fmc.invalid")
			target.Resolver = l.resolver(noSuchName)
			return target
		})},
		{"no resolver", StepName, Failed, ResolverDown, diagnose(func(l *lab) Target {
			target := l.target("fmc.invalid")
			target.Resolver = l.resolver(nil)
			return target
		})},
		{"port closed", StepPort, Failed, PortClosed, diagnose(func(l *lab) Target { return l.target(l.closedPort()) })},
	}
}

// closedPort returns an address at which nobody listens.
func (l *lab) closedPort() string {
	l.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		l.Fatal(err)
	}
	ln.Close()
	return ln.Addr().String()
}

func tlsScenes() []scene {
	// with changes a server that is fine.
	with := func(change func(l *lab, cfg *tls.Config)) func(*lab) Target {
		return func(l *lab) Target {
			cfg := l.serverTLS()
			change(l, cfg)
			return l.target(l.center(cfg, l.streaming()...))
		}
	}
	shows := func(use x509.ExtKeyUsage, from, to int) func(*lab) Target {
		return with(func(l *lab, cfg *tls.Config) {
			cfg.Certificates = []tls.Certificate{l.cert(l.ca, "fmc.test", use, from, to)}
		})
	}
	raw := func(wait time.Duration, handle func(net.Conn)) func(*lab) Target {
		return func(l *lab) Target {
			target := l.target(l.listen(func(_ context.Context, conn net.Conn) { handle(conn) }))
			target.Timeout = wait
			return target
		}
	}
	foreign := func(least, most uint16) func(*lab) Target {
		return with(func(l *lab, cfg *tls.Config) {
			cfg.MinVersion, cfg.MaxVersion = least, most
			cfg.ClientCAs = x509.NewCertPool()
			cfg.ClientCAs.AddCert(l.authority("Another CA").Leaf)
		})
	}
	pinned := func(old bool) func(*lab) Target {
		return func(l *lab) Target {
			target := with(func(*lab, *tls.Config) {})(l)
			target.PKCS12 = l.file(l.client(), "")
			target.Verify.Pin = &pki.Pin{File: filepath.Join(l.dir, "server.pin")}
			if old {
				target.Verify.Pin.File = l.write("server.pin", []byte("sha256:"+strings.Repeat("00", 32)+"\n"))
			}
			return target
		}
	}
	return []scene{
		{"SSH", StepTLS, Failed, NotTLS, diagnose(raw(time.Minute, func(conn net.Conn) { io.WriteString(conn, "SSH-2.0-OpenSSH_9.2\r\n") }))},
		{"silence", StepTLS, Failed, TLSSilent, diagnose(raw(long, func(conn net.Conn) { io.Copy(io.Discard, conn) }))},
		{"hangs up", StepTLS, Failed, TLSFailed, diagnose(raw(time.Minute, func(conn net.Conn) { conn.Read(make([]byte, 1)) }))},
		{"TLS 1.0 only", StepTLS, Failed, TLSVersion, diagnose(with(func(_ *lab, cfg *tls.Config) { cfg.MinVersion, cfg.MaxVersion = tls.VersionTLS10, tls.VersionTLS10 }))},
		{"TLS 1.1 only", StepTLS, Failed, TLSVersion, diagnose(with(func(_ *lab, cfg *tls.Config) { cfg.MinVersion, cfg.MaxVersion = tls.VersionTLS11, tls.VersionTLS11 }))},
		{"TLS 1.3 only, we at 1.2", StepTLS, Failed, TLSVersion, diagnose(func(l *lab) Target {
			target := with(func(_ *lab, cfg *tls.Config) { cfg.MinVersion = tls.VersionTLS13 })(l)
			target.MaxTLS = tls.VersionTLS12
			return target
		})},
		{"not asked for a certificate", StepTLS, Warning, NotAsked, diagnose(with(func(_ *lab, cfg *tls.Config) { cfg.ClientAuth = tls.NoClientCert }))},
		{"server expired", StepServer, Failed, ServerExpired, diagnose(shows(x509.ExtKeyUsageServerAuth, -100, -1))},
		{"server from tomorrow", StepServer, Failed, ServerNotYetValid, diagnose(shows(x509.ExtKeyUsageServerAuth, 1, 100))},
		{"a client's certificate", StepServer, Failed, ServerInvalid, diagnose(shows(x509.ExtKeyUsageClientAuth, -1, 100))},
		{"lenient", StepServer, Warning, ServerExpired, diagnose(func(l *lab) Target {
			target := shows(x509.ExtKeyUsageServerAuth, -100, -1)(l)
			target.Lenient = true
			return target
		})},
		{"file of another server", StepServer, Failed, WrongCA, diagnose(func(l *lab) Target {
			target, other := with(func(*lab, *tls.Config) {})(l), l.authority("Internal CA")
			target.PKCS12 = l.file(l.cert(other, "127.0.0.1", x509.ExtKeyUsageClientAuth, -1, 100), "", other)
			return target
		})},
		{"file without CA", StepServer, Failed, NoCA, diagnose(func(l *lab) Target {
			target := pinned(false)(l)
			target.Verify.Pin = nil
			return target
		})},
		{"nothing pinned", StepServer, Warning, NotPinned, func(l *lab) Report {
			target := pinned(false)(l)
			r := Diagnose(l.Context(), target)
			if _, err := os.Stat(target.Verify.Pin.File); err == nil {
				l.Error("the doctor has written a pin")
			}
			return r
		}},
		{"another certificate pinned", StepServer, Failed, ServerChanged, diagnose(pinned(true))},
		// Only the server's side is wrong: its certificate verifies, ours is refused.
		{"client of another CA, TLS 1.2", StepAdmission, Failed, WrongCA, diagnose(foreign(tls.VersionTLS12, tls.VersionTLS12))},
		{"client of another CA, TLS 1.3", StepAdmission, Failed, WrongCA, diagnose(foreign(tls.VersionTLS13, tls.VersionTLS13))},
		{"refused by alert", StepAdmission, Failed, ClientRefused, diagnose(with(func(_ *lab, cfg *tls.Config) {
			cfg.VerifyConnection = func(tls.ConnectionState) error { return io.ErrNoProgress }
		}))},
	}
}

func sessionScenes() []scene {
	does := func(name, step string, verdict Verdict, cause Cause, timeout, eventWait time.Duration, script func(l *lab) []estreamtest.Step) scene {
		return scene{name, step, verdict, cause, diagnose(func(l *lab) Target {
			target := l.target(l.center(l.serverTLS(), script(l)...))
			target.Timeout, target.EventWait = timeout, eventWait
			return target
		})}
	}
	sends := func(record uint16, ahead time.Duration) func(*lab) []estreamtest.Step {
		return func(l *lab) []estreamtest.Step {
			event := estreamtest.Event(record, uint32(time.Now().Add(ahead).Unix()), []byte("body"))
			return []estreamtest.Step{estreamtest.Negotiate(), estreamtest.Send(event), estreamtest.Stall(nil)}
		}
	}
	steps := func(s ...estreamtest.Step) func(*lab) []estreamtest.Step {
		return func(*lab) []estreamtest.Step { return s }
	}
	return []scene{
		{"revoked", StepAdmission, Failed, NotRegistered, diagnose(func(l *lab) Target { return l.real("127.0.0.1", true) })},
		{"revoked, flags only", StepEvents, Failed, NotRegistered, diagnose(func(l *lab) Target {
			target := l.real("127.0.0.1", true)
			target.Flags = wire.DefaultFlags &^ wire.FlagExtendedRequest
			return target
		})},
		{"for another address", StepAdmission, Failed, WrongHost, diagnose(func(l *lab) Target { return l.real("127.0.0.2", false) })},
		does("error message", StepAdmission, Failed, ServerError, time.Minute, time.Minute, steps(estreamtest.ExpectRequest(nil), estreamtest.SendError(20, "no\x1b[2J"), estreamtest.Close())),
		does("no answer", StepAdmission, Failed, NoAnswer, long, long, steps(estreamtest.Stall(nil))),
		does("another protocol", StepAdmission, Failed, NotEStreamer, time.Minute, time.Minute, steps(estreamtest.Send([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")), estreamtest.Close())),
		does("no service 6667", StepAdmission, Failed, NoEvents, time.Minute, time.Minute, steps(estreamtest.ExpectRequest(nil), estreamtest.SendInformation(wire.Service5001), estreamtest.Stall(nil))),
		does("ends the session", StepEvents, Failed, Broken, time.Minute, time.Minute, steps(estreamtest.Negotiate(), estreamtest.Close())),
		does("only metadata", StepEvents, Warning, NoEvents, time.Minute, short, sends(123, 0)),
		does("server ahead", StepClock, Failed, ClockOff, time.Minute, time.Minute, sends(400, time.Hour)),
		does("server behind", StepClock, Warning, ClockOff, time.Minute, time.Minute, sends(400, -time.Hour)),
		does("old events, server ahead", StepClock, Failed, ClockOff, time.Minute, long, func(l *lab) []estreamtest.Step {
			// Nothing new, but the archive is from our future.
			event := estreamtest.Event(400, uint32(time.Now().Add(time.Hour).Unix()), []byte("body"))
			return []estreamtest.Step{estreamtest.Negotiate(), func(c *estreamtest.Conn) error {
				if c.Request.Start == wire.StartNow {
					return nil
				}
				return estreamtest.Send(event)(c)
			}, estreamtest.Stall(nil)}
		}),
		{"TLS greeting behind", StepClock, Failed, ClockOff, diagnose(func(l *lab) Target {
			cfg := l.serverTLS()
			cfg.MaxVersion = tls.VersionTLS12
			cfg.Rand = oldRandom{l.now.Add(-time.Hour)}
			return l.target(l.center(cfg, l.streaming()...))
		})},
	}
}

// An oldRandom has the time in front of its 32 bytes, as in TLS of old.
type oldRandom struct{ time.Time }

func (r oldRandom) Read(p []byte) (int, error) {
	if _, err := rand.Read(p); err != nil {
		return 0, err
	}
	if len(p) == 32 {
		binary.BigEndian.PutUint32(p, uint32(r.Unix()))
	}
	return len(p), nil
}

func localScenes() []scene {
	return []scene{
		{"state is a file", StepState, Failed, DirGone, diagnose(func(l *lab) Target { return Target{StateDir: l.write("state", nil)} })},
		{"state open to others", StepState, Warning, DirOpen, diagnose(func(l *lab) Target {
			if err := os.Chmod(l.dir, 0o755); err != nil {
				l.Fatal(err)
			}
			return Target{StateDir: l.dir}
		})},
		{"less free than needed", StepState, Warning, DiskLow, diagnose(func(l *lab) Target {
			return Target{StateDir: filepath.Join(l.dir, "state"), NeedFree: 1 << 62}
		})},
		{"output's port closed", "output siem", Failed, OutputBad, diagnose(func(l *lab) Target {
			return Target{Outputs: []OutputCheck{{"siem", DialCheck(l.closedPort())}}}
		})},
		{"old events", StepBacklog, Failed, Behind, diagnose(func(l *lab) Target {
			return Target{Status: &Status{LastReceived: l.now, LastArchive: l.now.Add(-time.Hour)}}
		})},
		{"slow output", StepBacklog, Failed, Behind, diagnose(func(l *lab) Target {
			return Target{Status: &Status{Outputs: []OutputStatus{{"json", 0, ""}, {"siem", time.Hour, "connection refused"}}}}
		})},
		{"quiet device", StepBacklog, Warning, Quiet, diagnose(func(l *lab) Target {
			return Target{Status: &Status{LastReceived: l.now, Silent: []string{"device ftd-1"}}}
		})},
	}
}
