package doctor

import (
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"time"
	"unicode"

	"estream/pki"
	"estream/session"
)

// Diagnose examines t, step by step. When a step fails, those that need it are
// skipped with the reason and the others go on. It takes at most the sum of its
// time limits, and ends soon after ctx; steps not done by then are skipped. It
// may be called concurrently.
func Diagnose(ctx context.Context, t Target) Report {
	t.setDefaults()
	d := &diagnosis{Target: t, report: Report{Target: t.Name, Began: t.Now()}}
	defer d.disconnect()
	d.setWords()
	if t.Addr != "" {
		d.connection(ctx)
	}
	if t.StateDir != "" {
		d.step(ctx, StepState, "", d.stateDir)
	}
	for _, o := range t.Outputs {
		d.step(ctx, StepOutput+" "+o.Name, "", func(ctx context.Context, s *Step) { d.output(ctx, s, o) })
	}
	if t.Status != nil {
		d.step(ctx, StepBacklog, "", d.backlog)
	}
	return d.report
}

// A diagnosis is the state of one Diagnose: what earlier steps found out.
type diagnosis struct {
	Target
	report Report
	words  map[string]string // for remedies

	host, port string
	cred       *pki.Credentials
	addrs      []netip.Addr
	tcp        net.Conn // from the port step to the TLS step
	shaken     *handshake
	client     *session.Client // after admission
	clock      evidence
}

// connection does the steps that need the server. blocked is why the next one
// cannot be tried, "" while it can.
func (d *diagnosis) connection(ctx context.Context) {
	addr, err := session.Address(d.Addr)
	blocked := ""
	if err == nil {
		d.host, d.port, err = net.SplitHostPort(addr)
	}
	if err != nil {
		blocked = "the address cannot be used"
	} else {
		d.words["addr"], d.words["host"], d.words["port"] = addr, d.host, d.port
	}
	if !d.step(ctx, StepFile, "", d.certificateFile) {
		d.step(ctx, StepClient, "the certificate file cannot be used", nil)
	} else {
		d.step(ctx, StepClient, "", d.clientCertificate)
	}
	if blocked != "" {
		d.step(ctx, StepName, "", func(_ context.Context, s *Step) {
			s.Tried = "read the address " + quote(d.Addr)
			d.fail(s, Failed, AddressInvalid, err.Error())
		})
	} else if !d.step(ctx, StepName, "", d.resolve) {
		blocked = "no address to connect to"
	}
	// next does a step unless an earlier one stands in its way.
	next := func(name, why string, run func(context.Context, *Step)) {
		if !d.step(ctx, name, blocked, run) && blocked == "" {
			blocked = why
		}
	}
	next(StepPort, "no connection", d.connect)
	if d.cred == nil && blocked == "" {
		blocked = "the server serves nobody without a certificate, and the certificate file cannot be used"
	}
	next(StepTLS, "no TLS connection", d.tls)
	next(StepServer, "the server's certificate is not accepted, so nothing is asked of it", d.serverCertificate)
	next(StepAdmission, "the server does not let us in", d.admission)
	next(StepEvents, "", d.events)
	d.step(ctx, StepClock, "", d.clockStep)
}

// step runs one step unless blocked says why not, and adds it to the report. It
// reports whether the steps that build on this one can be tried.
func (d *diagnosis) step(ctx context.Context, name, blocked string, run func(context.Context, *Step)) bool {
	s := Step{Name: clean(name), Verdict: OK}
	began := time.Now()
	switch {
	case blocked != "":
		s.Verdict, s.Found = Skipped, blocked
	case ctx.Err() != nil:
		s.Verdict, s.Found = Skipped, "stopped: "+context.Cause(ctx).Error()
	default:
		run(ctx, &s)
		if ctx.Err() != nil && s.Verdict != OK {
			// What failed because we were told to stop is no finding.
			s.Verdict, s.Cause, s.Cure, s.ByHand, s.Found = Skipped, "", "", "", "stopped: "+context.Cause(ctx).Error()
		}
	}
	s.Millis = time.Since(began).Milliseconds()
	s.Tried, s.Found = clean(s.Tried), clean(s.Found)
	d.report.Steps = append(d.report.Steps, s)
	if d.OnStep != nil {
		d.OnStep(s)
	}
	return s.Verdict == OK || s.Verdict == Warning
}

// fail makes s a finding, with the remedy of its cause.
func (d *diagnosis) fail(s *Step, v Verdict, c Cause, found string) {
	r := remedies[c]
	s.Verdict, s.Cause, s.Found, s.Cure, s.ByHand = v, c, found, d.fill(r.cure), d.fill(r.byHand)
}

// fill replaces the words in braces. One that is not known yet becomes capitals,
// as a placeholder in a command is written.
func (d *diagnosis) fill(text string) string {
	for _, w := range []string{"addr", "host", "port", "file", "dir", "local", "cn"} {
		value := d.words[w]
		if value == "" {
			value = strings.ToUpper(w)
		}
		text = strings.ReplaceAll(text, "{"+w+"}", value)
	}
	return text
}

func (d *diagnosis) setWords() {
	d.words = map[string]string{"dir": shell(d.StateDir)}
	if d.PKCS12 != "" {
		d.words["file"] = shell(d.PKCS12)
	}
}

// disconnect closes what is open. Nothing is left to be told by an error.
func (d *diagnosis) disconnect() {
	if d.client != nil {
		_ = d.client.Close(context.Background(), "")
		d.client = nil
	}
	if d.shaken != nil {
		_ = d.shaken.conn.Close()
	}
	if d.tcp != nil {
		_ = d.tcp.Close()
		d.tcp = nil
	}
}

// tlsVersions returns the range of versions that the collector allows.
func (d *diagnosis) tlsVersions() (least, most uint16) {
	least, most = d.MinTLS, d.MaxTLS
	if least == 0 {
		least = tls.VersionTLS12
	}
	if most == 0 {
		most = tls.VersionTLS13
	}
	return least, most
}

// maxText bounds a text in bytes that may come from a peer.
const maxText = 1000

// clean makes text fit for one line of a terminal.
func clean(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case unicode.IsPrint(r) && r != unicode.ReplacementChar:
			return r
		}
		return '?'
	}, text)
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "") + "..."
	}
	return text
}

func quote(s string) string { return `"` + s + `"` }

// shell returns a path so that it can be pasted into a shell.
func shell(path string) string {
	if path == "" {
		return ""
	}
	plain := func(r rune) bool {
		return r == '/' || r == '.' || r == '-' || r == '_' || r == ':' || r == filepath.Separator || unicode.IsLetter(r) || unicode.IsDigit(r)
	}
	if strings.ContainsFunc(path, func(r rune) bool { return !plain(r) }) {
		return "'" + strings.ReplaceAll(clean(path), "'", `'\''`) + "'"
	}
	return path
}
