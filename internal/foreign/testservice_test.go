package foreign

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"estream/internal/syncbuf"
	"estream/internal/testservice"
	"estream/layouts"
	"estream/server"
	"estream/transcript"
	"estream/wire"
)

// TestService: what --fault, --impersonate and --record do to a real server, seen by
// a client that knows nothing of it, and in the recording.
func TestService(t *testing.T) {
	data, n := stream(t, 500)
	dir := filepath.Join(t.TempDir(), "sessions")
	var log syncbuf.Buffer
	service, err := testservice.New(testservice.Options{
		Faults:  []string{"cert:expires=2d"},
		Release: "5.2", Record: dir, Layouts: layouts.Default(), Log: log.Logger(),
	})
	if err != nil {
		t.Fatal(err)
	}
	r := start(t, data, n, func(s *server.Server) {
		s.Session.BundleMessages = 20
		if err := service.Apply(s, credentials(t).authority); err != nil {
			t.Fatal(err)
		}
	})
	t.Cleanup(func() {
		if err := r.authority.ShowCertificate(time.Time{}); err != nil {
			t.Error(err)
		}
	})
	checkCertificate(t, r, 2*24*time.Hour)

	// The first session was that look at the certificate, the second the client's probe.
	_, _, stderr, err := r.try(t, "encore_like.py", "--events", "500")
	if err == nil || !strings.Contains(stderr, "record 71: block 144 at offset 72 cannot be read") {
		t.Errorf("got %v, %s; want a block of 5.2, which is too old for this client", err, stderr)
	}
	for _, want := range []string{"this server pretends to be an older one", "71v9", "this server misbehaves on purpose", "sessions are recorded"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log has no %q:\n%s", want, log.String())
		}
	}
	recordings := readRecordings(t, dir, 3)
	last := recordings[2]
	if last.header.Client != "127.0.0.1" || !strings.HasPrefix(last.header.TLS, "TLS 1.") || last.entries[0].Type != wire.TypeEventStreamRequest {
		t.Errorf("header %+v", last.header)
	}
	var info struct{ Services []struct{ ID uint32 } }
	if err := json.Unmarshal(last.entries[1].Meaning, &info); err != nil || len(info.Services) != 2 || info.Services[0].ID != wire.Service5000 {
		t.Errorf("services of 5.2: %s, %v", last.entries[1].Meaning, err)
	}
	for _, e := range last.entries {
		if !e.Whole || e.Problem != "" || strings.Contains(string(e.Meaning), `"problem"`) {
			t.Errorf("entry %d, %s: %s", e.N, e.Name, e.Problem)
		}
		if strings.Contains(string(e.Meaning), `"record":600,`) {
			t.Errorf("entry %d has a record that 5.2 did not know", e.N)
		}
	}
}

// TestServiceFaults: faults strike in the sessions of a real server, are logged, and
// stand in the recording as the client got them.
func TestServiceFaults(t *testing.T) {
	data, n := stream(t, 300)
	dir := t.TempDir()
	var log syncbuf.Buffer
	service, err := testservice.New(testservice.Options{
		Faults: []string{"unknown:message,after=20", "error:after=40,text=enough"}, Record: dir, Layouts: layouts.Default(), Log: log.Logger(),
	})
	if err != nil {
		t.Fatal(err)
	}
	r := start(t, data, n, func(s *server.Server) {
		if err := service.Apply(s, credentials(t).authority); err != nil {
			t.Fatal(err)
		}
	})
	_, _, stderr, err := r.try(t, "encore_like.py", "--events", "300")
	if err == nil || !strings.Contains(stderr, "error message 19: b'enough'") {
		t.Errorf("got %v, %s", err, stderr)
	}
	for _, want := range []string{`fault="unknown:message,after=20"`, `fault="error:after=40,text=enough"`} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log has no %q:\n%s", want, log.String())
		}
	}
	last := readRecordings(t, dir, 2)[1]
	if !strings.HasPrefix(last.end, "ended by fault error:") {
		t.Errorf("end: %q", last.end)
	}
	events, unknown, failed := 0, 0, 0
	for _, e := range last.entries {
		switch e.Type {
		case wire.TypeEventData:
			events++
		case 9999:
			if unknown++; events != 20 || e.Meaning != nil {
				t.Errorf("unknown message after %d events: %s", events, e.Meaning)
			}
		case wire.TypeError:
			failed++
		}
	}
	if events != 40 || unknown != 1 || failed != 1 {
		t.Errorf("%d events, %d unknown messages, %d error messages recorded", events, unknown, failed)
	}
}

func checkCertificate(t *testing.T, r *running, lives time.Duration) {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(r.cert, r.key)
	if err != nil {
		t.Fatal(err)
	}
	// The chain is another test's business; this one looks at the dates.
	conn, err := tls.Dial("tcp", r.addr.String(), &tls.Config{Certificates: []tls.Certificate{pair}, InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if left := time.Until(conn.ConnectionState().PeerCertificates[0].NotAfter); left > lives || left < lives-time.Hour {
		t.Errorf("the server's certificate has %v to live, want %v", left, lives)
	}
}

type recording struct {
	header  transcript.Header
	entries []*transcript.Entry
	end     string
}

// readRecordings waits until there are n whole recordings, and reads them in the
// order of their sessions.
func readRecordings(t *testing.T, dir string, n int) []recording {
	t.Helper()
	for {
		var list []recording
		files, err := filepath.Glob(filepath.Join(dir, "*.jsonl")) // by time
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			if r, whole := readRecording(t, name); whole {
				list = append(list, r)
			}
		}
		if len(list) == n {
			return list
		}
		if len(list) > n {
			t.Fatalf("%d recordings, want %d", len(list), n)
		}
		select {
		case <-t.Context().Done():
			t.Fatalf("%d whole recordings, want %d", len(list), n)
		case <-time.After(10 * time.Millisecond): // a session ends a little after its client
		}
	}
}

func readRecording(t *testing.T, name string) (rec recording, whole bool) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := transcript.NewReader(f)
	for err == nil {
		var e *transcript.Entry
		if e, err = r.Next(); err == nil {
			rec.entries = append(rec.entries, e)
		}
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return rec, false
	}
	if err != io.EOF {
		t.Fatal(err)
	}
	rec.header, rec.end = r.Header, r.End
	return rec, true
}

// TestServiceOptions: what cannot be is refused before anything is made.
func TestServiceOptions(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	record := filepath.Join(dir, "new")
	for _, tt := range []struct {
		o    testservice.Options
		want string
	}{
		{testservice.Options{Faults: []string{"crash"}, Release: "1.0", Record: record}, `fault "crash": no kind`},
		{testservice.Options{Faults: []string{"crash"}, Release: "1.0", Record: record}, `release "1.0": expected`},
		{testservice.Options{Record: file}, "expected a directory"},
		{testservice.Options{Record: filepath.Join(dir, "a", "b")}, "directory for recorded sessions"},
	} {
		if _, err := testservice.New(tt.o); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: got %v, want %q", tt.o, err, tt.want)
		}
	}
	if _, err := os.Stat(record); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a directory was made: %v", err)
	}
	s, err := testservice.New(testservice.Options{})
	if err != nil {
		t.Fatal(err)
	}
	core := &server.Server{}
	if err := s.Apply(core, nil); err != nil || core.Wrap != nil || core.Highest != nil || core.Serves != nil || core.Session.Services != nil {
		t.Errorf("options that ask for nothing changed the server: %v", err)
	}
	if s, err = testservice.New(testservice.Options{Release: "5.4"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Apply(&server.Server{AsIs: true}, nil); err == nil || !strings.Contains(err.Error(), "as release 5.4 did") {
		t.Errorf("as it is, and as an older release: %v", err)
	}
}
