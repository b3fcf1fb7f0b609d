package cli

import (
	"bytes"
	"cmp"
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"estream/doctor"
	"estream/internal/control"
	"estream/internal/serverstatus"
	"estream/journal"
	"estream/session"

	"github.com/spf13/cobra"
)

func permission(err error) bool { return errors.Is(err, fs.ErrPermission) }

func (m *manager) troubleshootVerb() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "troubleshoot",
		Short: "write a file with everything that support asks for",
		Long: `troubleshoot writes a compressed archive with the status of the server, the end of its
log, its options, settings and registrations, the state of the journal, certificates
without keys, versions and sockets, whether the server runs or not. Passwords, tokens
and keys are removed; names and addresses are not.`,
		Example: manageReady + `  estream manage troubleshoot --data data --env server.env -o support.tar.gz` + manageDone,
		Args:    exactArgs(),
		RunE:    func(cmd *cobra.Command, _ []string) error { return m.bundle(cmd.Context(), file) },
	}
	m.flags(cmd)
	cmd.Flags().StringVarP(&file, "output", "o", "", "the `FILE` to write (default: estream-troubleshoot-TIME.tar.gz here)")
	return cmd
}

func (m *manager) troubleshoot(ctx context.Context) error { return m.bundle(ctx, "") }

// bundle writes the archive.
func (m *manager) bundle(ctx context.Context, file string) error {
	c, s, err := m.dial()
	if err != nil {
		return err
	}
	if _, err := os.Stat(s.data); err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	if file == "" {
		file = "estream-troubleshoot-" + time.Now().UTC().Format("20060102T150405Z") + ".tar.gz"
	}
	if err := parentExists("-o", file); err != nil {
		return err
	}
	parts := s.parts(ctx, c)
	options := doctor.BundleOptions{Secrets: []string{os.Getenv(caPasswordVar), s.others[caPasswordVar]}}
	if err := createWhole(file, func(w io.Writer) error { return doctor.Bundle(w, options, parts...) }); err != nil {
		return err
	}
	fmt.Fprintf(m.stdout, "Written: %s\nPasswords, tokens and keys were removed. Names and addresses of your network are in it:\nlook through it before you hand it on.\n", file)
	return nil
}

// parts are the files of the archive. What cannot be had is said in its manifest.
func (s *serverEnv) parts(ctx context.Context, c *control.Client) []doctor.Part {
	var now *serverstatus.Status
	var certs []*x509.Certificate
	asked := false
	status := func() (*serverstatus.Status, error) {
		var err error
		if !asked {
			now, err = serverStatus(ctx, c)
			asked = err == nil
		}
		return now, err
	}
	logFile := cmp.Or(s.logFile, filepath.Join(s.data, logName))
	for _, name := range []string{"ca.crt", "server.pem"} {
		list, err := certificatesIn(filepath.Join(s.data, "pki", name))
		if err == nil { // that it cannot be read shows in the listing of the directory
			certs = append(certs, list...)
		}
	}
	parts := []doctor.Part{
		doctor.Versions(version()),
		{Name: "status.txt", About: "How the server is, for people.", Read: func() ([]byte, error) {
			now, err := status()
			if err != nil {
				return nil, err
			}
			var b bytes.Buffer
			err = serverstatus.WriteText(&b, now)
			return b.Bytes(), err
		}},
		{Name: "status.json", About: "How the server is.", Read: func() ([]byte, error) {
			now, err := status()
			if err != nil {
				return nil, err
			}
			return json.MarshalIndent(now, "", "  ")
		}},
		doctor.LogTail("server.log", logFile, 8<<20),
		doctor.LogTail("stderr.log", filepath.Join(s.data, screenName), 1<<20),
		doctor.Text("options.txt", "The options of the server, from environment and flags.", s.describe()),
		{Name: "settings.json", About: "The settings of the administration.", Read: func() ([]byte, error) { return withoutSecrets(filepath.Join(s.data, "admin", "settings.json")) }},
		{Name: "clients.json", About: "The registrations; no keys.", Read: func() ([]byte, error) { return os.ReadFile(filepath.Join(s.data, "pki", "clients.json")) }},
		{Name: "files.txt", About: "What is in the data directory: modes, sizes, times.", Read: s.files},
		{Name: "journal.txt", About: "What the journal holds.", Read: func() ([]byte, error) { return s.journal(ctx) }},
		doctor.Certificates(certs...),
		doctor.SocketState(s.ports(status)...),
	}
	if s.file != "" {
		parts = append(parts, doctor.Part{Name: "environment.txt", About: "The environment file " + s.file + ".", Read: func() ([]byte, error) { return os.ReadFile(s.file) }})
	}
	return parts
}

func (s *serverEnv) describe() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "data directory    %s\nenvironment file  %s\ncommand line      estream %s\n", s.data, cmp.Or(s.file, "none"), strings.Join(s.serveArgs(false), " "))
	return b.Bytes()
}

// ports returns the ports that the server listens on, or would if it ran.
func (s *serverEnv) ports(status func() (*serverstatus.Status, error)) (ports []uint16) {
	listen := s.listen
	if now, err := status(); err == nil {
		listen = now.Listen
	}
	if len(listen) == 0 {
		listen = []string{":" + session.DefaultPort}
	}
	for _, a := range listen {
		_, port, err := net.SplitHostPort(a)
		if err != nil {
			port = session.DefaultPort
		}
		if n, err := net.LookupPort("tcp", port); err == nil { // what is none has no sockets
			ports = append(ports, uint16(n))
		}
	}
	return ports
}

// files lists the data directory.
func (s *serverEnv) files() ([]byte, error) {
	var b bytes.Buffer
	const most = 20000 // lines
	lines := 0
	err := filepath.WalkDir(s.data, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			fmt.Fprintf(&b, "%v\n", err)
			return nil
		}
		if lines++; lines > most {
			fmt.Fprintf(&b, "more than %d files; the rest is left out\n", most)
			return fs.SkipAll
		}
		info, err := d.Info()
		if err != nil {
			fmt.Fprintf(&b, "%v\n", err)
			return nil
		}
		fmt.Fprintf(&b, "%v %12d %s %s\n", info.Mode(), info.Size(), info.ModTime().UTC().Format(time.RFC3339), path)
		return nil
	})
	return b.Bytes(), err
}

// journal reads the journal as another process may while the server runs.
func (s *serverEnv) journal(ctx context.Context) ([]byte, error) {
	j, err := journal.OpenReadOnly(filepath.Join(s.data, "journal"), journal.Options{})
	if err != nil {
		return nil, err
	}
	st := j.Stats()
	text := fmt.Sprintf("%d messages, %d to %d, in %d segments with %d bytes\n%d damaged places with %d messages\n",
		st.End.Seq-st.First.Seq, st.First.Seq, st.End.Seq, st.Segments, st.Bytes, st.Damaged, st.DamagedMessages)
	return []byte(text), j.Close(ctx)
}

// secrets are the fields of the settings that could help to log in.
var secrets = []string{"hash", "salt", "sha256", "token"}

// withoutSecrets reads a JSON file and leaves out what nobody else should have. A file
// that is no JSON is not shown at all.
func withoutSecrets(name string) ([]byte, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	strip(v)
	return json.MarshalIndent(v, "", "  ")
}

func strip(v any) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			strip(e)
		}
	case map[string]any:
		for k, e := range v {
			if slices.Contains(secrets, k) {
				v[k] = "[removed]"
				continue
			}
			strip(e)
		}
	}
}

// certificatesIn reads the certificates of a PEM file, and no keys.
func certificatesIn(name string) (certs []*x509.Certificate, err error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	for {
		block, rest := pem.Decode(data)
		if block == nil {
			return certs, nil
		}
		data = rest
		if block.Type != "CERTIFICATE" {
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return certs, fmt.Errorf("%s: %w", name, err)
		}
		certs = append(certs, cert)
	}
}
