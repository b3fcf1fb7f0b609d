package doctor

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// unpack returns the files of a bundle and checks what all have in common.
func unpack(t *testing.T, bundle []byte) map[string]string {
	t.Helper()
	zip, err := gzip.NewReader(bytes.NewReader(bundle))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for r := tar.NewReader(zip); ; {
		h, err := r.Next()
		if err == io.EOF {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if dir := path.Dir(h.Name); dir != "estream-support-20260102T030405Z" || h.Mode != 0o600 || h.Typeflag != tar.TypeReg {
			t.Errorf("%s has mode %o, type %c", h.Name, h.Mode, h.Typeflag)
		}
		files[path.Base(h.Name)] = string(data)
	}
}

var bundleTime = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// TestBundle puts secrets into every part, in every form that a log or a configuration
// gives them, and looks for them in all that comes out.
func TestBundle(t *testing.T) {
	l := newLab(t)
	client := l.client()
	der, err := x509.MarshalPKCS8PrivateKey(client.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	key := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	escaped, err := json.Marshal(key)
	if err != nil {
		t.Fatal(err)
	}
	const password, token, unlisted = `p@ss "w/ord<&`, "3f1c9a52-77aa-4d0e-9a11-5bd1c0ffee00", "onlyinthelog"
	inJSON, err := json.Marshal(map[string]string{"pw": password})
	if err != nil {
		t.Fatal(err)
	}
	log := strings.Join([]string{
		"level=INFO msg=connected server=10.1.2.3:8302",
		key, "msg=key text=" + string(escaped),
		"the tail of one:\n" + key[len(key)/2:],
		"opening " + "https://siem:" + unlisted + "@splunk.example:8088/x",
		"Authorization: Splunk " + unlisted, `{"hec_token":"` + unlisted + `","line":7}`, "--api-key=" + unlisted + " --next",
		"password: |\n    " + unlisted + "\n    " + unlisted + "\nnext: 1\n",
		"tried " + password + " and " + string(inJSON), "basic " + base64.StdEncoding.EncodeToString([]byte(token)), fmt.Sprintf("hex %x", token),
		"password_file: /etc/estream/pw",
	}, "\n")
	logFile := l.write("estream.log", []byte(log))
	var b bytes.Buffer
	err = Bundle(&b, BundleOptions{Now: bundleTime, Secrets: []string{password, token, "abc"}},
		Versions("1.2.3"),
		Text("estream.yaml", "Effective configuration.", []byte("outputs:\n- token: "+token+"\n  uri: tcp://u:"+unlisted+"@siem:514\n")),
		LogTail("estream.log", logFile, 0),
		Text("status.json", "Status.", []byte(`{"sources":1,"last_error":"`+token+`"}`)),
		Text("metrics.txt", "Metrics.", []byte("estream_events_total 17\n")),
		Certificates(client.Leaf, l.ca.Leaf),
		Diagnosis(Report{Target: "fmc", Steps: []Step{{Name: StepPort, Verdict: Failed, Cause: PortClosed, Found: token}}}),
		Part{"gone.txt", "A part with " + token + ".", func() ([]byte, error) { return nil, errors.New("no " + token) }},
	)
	if err != nil {
		t.Fatal(err)
	}
	files := unpack(t, b.Bytes())
	hidden := map[string]string{
		"password": password, "token": token, "unlisted": unlisted, "PEM": "PRIVATE KEY", "DER": string(der),
		"base64 token": base64.StdEncoding.EncodeToString([]byte(token)), "hex token": fmt.Sprintf("%x", token), "password in JSON": string(inJSON[7 : len(inJSON)-2]),
	}
	for i, line := range strings.Split(strings.TrimSpace(key), "\n") {
		hidden[fmt.Sprintf("line %d of the key", i)] = line
	}
	for name, content := range files {
		for what, secret := range hidden {
			if strings.Contains(content, secret) {
				t.Errorf("%s holds the %s:\n%s", name, what, content)
			}
		}
	}
	// What is no secret is still there.
	for name, want := range map[string][]string{
		"versions.txt":     {"estream 1.2.3", "go1."},
		"estream.yaml":     {"uri: tcp://[removed]@siem:514", "- token: [removed]"},
		"estream.log":      {"msg=connected server=10.1.2.3:8302", `{"hec_token":"[removed]","line":7}`, "splunk.example:8088/x", "--next", "\nnext: 1\n", "password_file: /etc/estream/pw"},
		"status.json":      {`{"sources":1,"last_error":"[removed]"}`},
		"metrics.txt":      {"estream_events_total 17\n"},
		"certificates.txt": {"CN=127.0.0.1", "CN=Internal CA", "ECDSA, P-256", fmt.Sprintf("%x", sha256.Sum256(client.Leaf.Raw)), stamp(client.Leaf.NotAfter)},
		"doctor.txt":       {"port-closed"},
		"manifest.txt":     {"gone.txt\n    not there: no [removed]\n    A part with [removed].", "secrets removed: "},
	} {
		for _, w := range want {
			if !strings.Contains(files[name], w) {
				t.Errorf("%s lacks %q:\n%s", name, w, files[name])
			}
		}
	}
	// The manifest lists every other file as it is.
	for name, content := range files {
		entry := fmt.Sprintf("\n%s\n    %d bytes, sha256 %x\n", name, len(content), sha256.Sum256([]byte(content)))
		if name != manifestName && !strings.Contains(files[manifestName], entry) {
			t.Errorf("the manifest lacks %q:\n%s", entry, files[manifestName])
		}
	}
	if got := slices.Sorted(maps.Keys(files)); len(got) != 8 {
		t.Errorf("files: %v", got)
	}
}

// TestBundleBounds: long parts are cut, names are checked, errors of the writer told.
func TestBundleBounds(t *testing.T) {
	long := append(bytes.Repeat([]byte("x"), MaxPart), "end"...)
	var b bytes.Buffer
	if err := Bundle(&b, BundleOptions{Now: bundleTime}, Text("long.txt", "Long.", long)); err != nil {
		t.Fatal(err)
	}
	files := unpack(t, b.Bytes())
	if n := len(files["long.txt"]); n != MaxPart || !strings.HasSuffix(files["long.txt"], "xend") {
		t.Errorf("%d bytes", n)
	}
	if !strings.Contains(files[manifestName], "the first 3 bytes were left out") {
		t.Error(files[manifestName])
	}
	for _, names := range [][]string{{"../x"}, {"a/b"}, {""}, {"manifest.txt"}, {"a", "a"}, {"A"}} {
		var parts []Part
		for _, n := range names {
			parts = append(parts, Text(n, "", nil))
		}
		var w bytes.Buffer
		if err := Bundle(&w, BundleOptions{}, parts...); err == nil || w.Len() > 0 {
			t.Errorf("%q: error %v, %d bytes written", names, err, w.Len())
		}
	}
	if err := Bundle(failing{}, BundleOptions{}, Text("a.txt", "", long)); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("a writer that fails: %v", err)
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

// TestLogTail keeps whole lines from the end.
func TestLogTail(t *testing.T) {
	file := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(file, []byte("one\ntwo\nthree\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for limit, want := range map[int64]string{0: "one\ntwo\nthree\n", 14: "one\ntwo\nthree\n", 13: "two\nthree\n", 7: "three\n", 3: ""} {
		got, err := LogTail("log", file, limit).Read()
		if err != nil || string(got) != want {
			t.Errorf("limit %d: %q, %v; want %q", limit, got, err, want)
		}
	}
	for _, bad := range []string{file + ".old", t.TempDir()} {
		if _, err := LogTail("log", bad, 0).Read(); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
}
