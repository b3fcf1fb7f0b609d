package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"estream/config"
	"estream/doctor"
	"estream/internal/assemble"
	"estream/internal/control"
	"estream/service"
	"estream/wire"
)

// askTime is how long a running service may take to answer.
const askTime = 10 * time.Second

// configured examines what a configuration describes: its sources, then this machine.
func (x *checkup) configured(ctx context.Context) error {
	c, err := load(x.flags.file)
	if errors.Is(err, fs.ErrNotExist) {
		return hint(err, "name the configuration with -c FILE, or examine one server without any: estream doctor HOST --pkcs12 FILE")
	} else if err != nil {
		return err
	}
	b := x.judge(c)
	x.gather(c)
	running := x.ask(ctx, c)
	for i := range c.Sources {
		x.source(ctx, c, &c.Sources[i], b, running)
	}
	t := doctor.Target{Name: "this machine", StateDir: c.State, NeedFree: journalNeed(c), EventWait: x.flags.wait}
	for i := range c.Outputs {
		if check := outputCheck(&c.Outputs[i]); check != nil {
			t.Outputs = append(t.Outputs, doctor.OutputCheck{Name: c.Outputs[i].Name, Check: check})
		}
	}
	if running != nil {
		t.Status = running.machine()
	}
	x.diagnose(ctx, t)
	return nil
}

// judge shows what is wrong in the configuration itself, and goes on: what it names
// may still be examined. It returns what is known of the outputs, nil if nothing is.
func (x *checkup) judge(c *config.Config) *assemble.Builder {
	found := slices.Concat(c.Warnings, config.Check(c))
	var b *assemble.Builder
	if !slices.ContainsFunc(found, func(p config.Problem) bool { return !p.Warning }) { // else the same files are named again
		made, err := x.tryBuild(c)
		var more config.Problems
		switch {
		case errors.As(err, &more):
			found = append(found, more...)
		case err != nil:
			found = append(found, c.Problem("", "%v", err))
		default:
			b = made
		}
	}
	if b == nil {
		// What is asked of a server depends on the outputs only, and a source with a
		// certificate that cannot be read must not change it for the others.
		outputs := *c
		outputs.Sources = nil
		if made, err := x.tryBuild(&outputs); err == nil {
			b = made
		}
	}
	var text strings.Builder
	for _, p := range found {
		x.mistaken = x.mistaken || !p.Warning
		fmt.Fprintf(&text, "%v\n", p)
		fmt.Fprintf(x.stderr, "estream: configuration: %v\n", p)
	}
	if text.Len() > 0 {
		x.parts = append(x.parts, doctor.Text("mistakes.txt", "Mistakes and warnings of the configuration.", []byte(text.String())))
	}
	return b
}

// source examines the way from one Management Center.
func (x *checkup) source(ctx context.Context, c *config.Config, s *config.Source, b *assemble.Builder, running *runningService) {
	addr := assemble.Address(s)
	t := doctor.Target{
		Name: s.Name + " (" + addr + ")", Addr: addr, Network: assemble.Network(s), PKCS12: s.PKCS12,
		Verify: assemble.Verification(c, s), Timeout: s.ConnectTimeout, EventWait: x.flags.wait,
		Flags: wire.RequestFlags(s.Request.Flags), Pairs: s.Request.Versions.Pairs(),
	}
	if b != nil {
		t.Flags, t.Pairs = b.Request(c, s, b.Outputs)
	}
	if password, err := s.Password.Resolve(); err == nil {
		t.Password = password // one that cannot be had was named by judge
	}
	cred, err := assemble.Credentials(s)
	if err == nil {
		x.certificates(cred)
		if s.PKCS12 == "" {
			t.Credentials = cred
		}
		// An error of it is one of verification, which has a step of its own.
		if cfg, err := assemble.ClientTLS(c, s, cred); err == nil {
			t.MinTLS = cfg.MinVersion
		}
	} else if s.PKCS12 == "" {
		t.PKCS12 = faulty(s)
	}
	if running != nil {
		t.Status = running.source(s.Name)
	}
	x.diagnose(ctx, t)
}

// faulty returns which of a source's PEM files is the reason why they cannot be used.
func faulty(s *config.Source) string {
	if f, err := os.Open(s.Certificate); err == nil {
		_ = f.Close() // it was not read
		if f, err = os.Open(s.Key); err != nil {
			return s.Key
		}
		_ = f.Close()
	}
	return s.Certificate
}

// journalNeed returns how many bytes the journal may still grow by. A part that
// cannot be read counts as not there yet: the state directory has a step of its own.
func journalNeed(c *config.Config) uint64 {
	var have int64
	_ = filepath.WalkDir(filepath.Join(c.State, "journal"), func(_ string, entry fs.DirEntry, err error) error {
		if err != nil {
			return nil
		}
		if info, err := entry.Info(); err == nil && info.Mode().IsRegular() {
			have += info.Size()
		}
		return nil
	})
	return uint64(max(0, int64(c.Journal.RetainSize)-have))
}

// A runningService is what the doctor reads of /status.
type runningService struct {
	service.Status
	Alarms []struct {
		Kind    string `json:"alarm"`
		Subject string `json:"subject"`
		Text    string `json:"text"`
	} `json:"alarms"`
}

// ask asks the running service how it is. It returns nil if nobody answers, which is
// said: whoever calls the doctor may think that it runs.
func (x *checkup) ask(ctx context.Context, c *config.Config) *runningService {
	socket := x.flags.socket
	if socket == "" {
		socket = c.Monitoring.Socket
	}
	client := control.Dial(socket)
	get := func(path string) ([]byte, error) {
		ctx, cancel := context.WithTimeout(ctx, askTime)
		defer cancel()
		return client.Get(ctx, path)
	}
	status, err := get("/status")
	x.parts = append(x.parts,
		doctor.Part{Name: "status.json", About: "What the running service says of itself.", Read: func() ([]byte, error) { return status, err }},
		doctor.Part{Name: "metrics.txt", About: "The metrics of the running service.", Read: func() ([]byte, error) { return get("/metrics") }})
	running := new(runningService)
	if err == nil {
		err = json.Unmarshal(status, running)
	}
	if err != nil {
		fmt.Fprintf(x.stderr, "estream: note: what waits in the service is not examined: %v\n", err)
		return nil
	}
	return running
}

// source returns what the service knows of one source, nil if it has received nothing.
// Whether events come late is for the service to judge, which sees all of them: the
// newest archive time is old as well when metadata or old events were asked for.
func (r *runningService) source(name string) *doctor.Status {
	i := slices.IndexFunc(r.Sources, func(s service.SourceStatus) bool { return s.Name == name && !s.LastReceived.IsZero() })
	if i < 0 {
		return nil
	}
	status := &doctor.Status{LastReceived: r.Sources[i].LastReceived}
	for _, a := range r.Alarms {
		if a.Kind == "source_behind" && a.Subject == name {
			status.LastArchive = r.Sources[i].LastEvent
		}
	}
	return status
}

// machine returns what the service knows of its outputs, and who is quiet.
func (r *runningService) machine() *doctor.Status {
	s := new(doctor.Status)
	for _, o := range r.Outputs {
		s.Outputs = append(s.Outputs, doctor.OutputStatus{Name: o.Name, Lag: time.Duration(o.Behind * float64(time.Second)), Err: o.Error})
	}
	for _, a := range r.Alarms {
		if what, quiet := strings.CutSuffix(a.Kind, "_quiet"); quiet {
			s.Silent = append(s.Silent, fmt.Sprintf("%s %s (%s)", what, a.Subject, a.Text))
		}
	}
	return s
}

// gather collects what the bundle has of the configuration.
func (x *checkup) gather(c *config.Config) {
	x.parts = append(x.parts, doctor.Part{Name: "estream.yaml", About: "The configuration in force, with all defaults, without secrets.", Read: func() ([]byte, error) {
		var b bytes.Buffer
		err := c.Show(&b)
		return b.Bytes(), err
	}})
	if c.Log.File != "" {
		x.parts = append(x.parts, doctor.LogTail("log.txt", c.Log.File, 0))
	} else {
		x.notes = append(x.notes, "The log of the service goes to its standard error and is not in it. With systemd: journalctl -u estream --since -1d")
	}
	if _, port, err := net.SplitHostPort(c.Monitoring.Listen); err == nil {
		x.port(port)
	}
	for i := range c.Sources {
		x.port(strconv.Itoa(c.Sources[i].Port))
		x.secret("password of source "+c.Sources[i].Name, c.Sources[i].Password)
	}
	for i := range c.Outputs {
		o := &c.Outputs[i]
		if o.To.Port != 0 {
			x.port(strconv.Itoa(o.To.Port))
		}
		if h := o.HTTP; h != nil {
			x.secret("token of output "+o.Name, h.Token)
			if password := x.secret("password of output "+o.Name, h.Password); password != "" {
				x.secrets = append(x.secrets, h.User+":"+password) // as basic authentication encodes it
			}
			for name, s := range h.SecretHeaders {
				x.secret("header "+name+" of output "+o.Name, s)
			}
		}
	}
}

// secret has the bundle searched for a secret, and returns it.
func (x *checkup) secret(name string, s config.Secret) string {
	if s.IsZero() {
		return ""
	}
	value, err := s.Resolve()
	if err != nil {
		x.unread = append(x.unread, name)
		return ""
	}
	x.secrets = append(x.secrets, value)
	return value
}
