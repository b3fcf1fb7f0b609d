package encore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"estream/encore/conf"
	"estream/filter"
	"estream/format"
	"estream/output"
	"estream/output/stream"
	"estream/pki"
	"estream/service"
	"estream/session"
	"estream/source/fmc"
	"estream/wire"
)

// build makes source and outputs out of the configuration.
func (r *run) build() error {
	if err := checkConditions(r.conf); err != nil {
		return err
	}
	flags := RequestFlags(&r.conf.Request)
	if flags&^(wire.FlagMetadataV4|wire.FlagArchiveTimestamp) == 0 {
		return errors.New("$.subscription.records: all kinds of events are switched off, so there is nothing to ask for")
	}
	r.mark = &bookmark{fsys: r.fsys, path: r.files.Bookmark, marks: r.files.marks()}
	r.source = &fmc.Source{
		Addr: r.conf.Server().Addr(), Persist: r.conf.Continue,
		Session: session.ClientConfig{
			Flags: flags, Pairs: wire.DefaultPairs(), DialContext: r.dial,
			HandshakeTimeout: r.conf.ConnectTimeout + r.conf.ResponseTimeout,
		},
	}
	where, err := RecordFilter(r.Layouts, &r.conf.Records)
	if err != nil {
		return fmt.Errorf("$.handler.records: %w", err)
	}
	used := map[string]int{}
	for _, o := range r.conf.Outputs {
		if !o.Enabled {
			continue
		}
		path := fmt.Sprintf("$.handler.outputters[%d]", o.Index)
		name := cursorName(&o)
		if used[name]++; used[name] > 1 { // the same output twice
			name += fmt.Sprintf("-%d", used[name])
		}
		if err := r.addOutput(name, o, where); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	if len(r.outputs) == 0 {
		return r.addSink()
	}
	return nil
}

func (r *run) addOutput(name string, o conf.Output, where *filter.Filter) error {
	log := r.log
	if len(r.outputs) > 0 {
		log = nil // one line for each bad record
	}
	f, err := newFormat(r.conf, &o, log)
	if err != nil {
		return err
	}
	d, err := parseDestination(o, r.Dir, named(r.log, r.stages[len(r.stages)-1].logger))
	if err != nil {
		return err
	}
	d.Ledger = filepath.Join(r.files.State, name+".files")
	open, err := r.Destinations(d)
	if err != nil {
		return err
	}
	r.add(name, f, where, open)
	return nil
}

// addSink takes the place of outputs when none is enabled: events are received,
// counted and dropped.
func (r *run) addSink() error {
	f, err := newFormat(r.conf, &conf.Output{Adapter: "base64"}, r.log)
	if err != nil {
		return err
	}
	none, err := nothing(r.Layouts)
	if err != nil {
		return err
	}
	r.log.Warn("$.handler.outputters: no output is enabled; events are received and dropped")
	r.add(cursorPrefix+"sink", f, none, func([]byte) (output.Output, error) { return stream.New(io.Discard, "sink"), nil })
	return nil
}

func (r *run) add(name string, f format.Format, where *filter.Filter, open func([]byte) (output.Output, error)) {
	r.outputs = append(r.outputs, &service.Output{
		Name: name, Format: f, Choice: format.Choice{Where: where}, Workers: r.conf.Workers,
		Open: open,
	})
}

// prepareKeys does the part of the connection test that is about the certificate:
// it splits the PKCS#12 file if need be, asking for the password.
func prepareKeys(ctx context.Context, k *keys, c *conf.Conf, t *Terminal, again bool, log *slog.Logger) (*tls.Config, error) {
	diagnostics := named(log, "Diagnostics")
	if again {
		diagnostics.Info("Clearing certificate and key")
		if err := k.clear(); err != nil {
			return nil, err
		}
	}
	diagnostics.Info("Check certificate")
	if !k.cached() {
		diagnostics.Info("PKCS12 file needs processing")
		if err := k.ask(ctx, c.Password, t); err != nil {
			return nil, err
		}
	}
	cred, err := k.load()
	if err != nil {
		return nil, err
	}
	if now := time.Now(); now.After(cred.Leaf.NotAfter) || now.Before(cred.Leaf.NotBefore) {
		diagnostics.Warn(fmt.Sprintf("the certificate is valid from %s to %s, and now is %s: register this client again on the server, or correct the clock",
			cred.Leaf.NotBefore.Format(time.RFC3339), cred.Leaf.NotAfter.Format(time.RFC3339), now.UTC().Format(time.RFC3339)))
	}
	return k.tlsConfig(cred, c.Server().TLS)
}

// ask splits the PKCS#12 file with the password of the configuration, or else the
// one that is typed. Without anybody to ask, the blank password is tried.
func (k *keys) ask(ctx context.Context, password string, t *Terminal) error {
	if password != "" {
		return k.split(password)
	}
	typed, err := t.password(ctx, PasswordPrompt)
	if errors.Is(err, io.EOF) {
		if err := k.split(""); !errors.Is(err, pki.ErrPassword) {
			return err
		}
		return errors.New("the password of the PKCS#12 file could not be read, as there is no terminal: run test or foreground once, where it can be typed")
	}
	if err != nil {
		return fmt.Errorf("password: %w", err)
	}
	return k.split(typed)
}

func goVersion() string { return runtime.Version() }

func platform() string { return runtime.GOOS + "/" + runtime.GOARCH }

// executableSum returns the SHA-256 digest of the program, for support.
func executableSum() string {
	sum := sha256.New()
	path, err := os.Executable()
	if err == nil {
		var f *os.File
		if f, err = os.Open(path); err == nil {
			_, err = io.Copy(sum, f)
			err = errors.Join(err, f.Close())
		}
	}
	if err != nil {
		return "unknown: " + err.Error()
	}
	return fmt.Sprintf("%x", sum.Sum(nil))
}

// showSettings returns the configuration on one line, without secrets. It changes doc.
func showSettings(doc *conf.Document, c *conf.Conf) string {
	if c.Password != "" {
		doc.Set("***", "password")
	}
	for _, o := range c.Outputs {
		if scheme, rest, ok := strings.Cut(o.URI, "://"); ok && strings.Contains(rest, "@") {
			_, host, _ := strings.Cut(rest, "@")
			doc.Set(scheme+"://***@"+host, "handler", "outputters", o.Index, "stream", "uri")
		}
	}
	var line bytes.Buffer
	if err := json.Compact(&line, doc.Bytes()); err != nil {
		return err.Error() // it was JSON a moment ago
	}
	return line.String()
}
