package cli

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// Programs that run beside a script:
//
//	start [-stdin FILE] NAME PROGRAM ARG...   start one; it gets FILE as standard input, which then stays open
//	await NAME REGEXP [N]    wait for the N-th (first) match of REGEXP in its standard error
//	awaitout NAME WHAT       wait for "N bytes", "N lines" or a match in its standard output, then store it in NAME.out
//	listening NAME           wait for its "listening" line; $NAME is the address then, $NAME_port the port
//	signal NAME INT|TERM|KILL
//	ended NAME STATUS        wait for its end, check the exit status (-1: by a signal), store NAME.out and NAME.log

// patience is how long a script waits for what must come. It is for tests that
// fail only.
const patience = 60 * time.Second

type processesKey struct{}

type processes struct{ byName map[string]*process }

func newProcesses() *processes { return &processes{byName: map[string]*process{}} }

// stop ends what a script has left running.
func (ps *processes) stop() {
	for _, p := range ps.byName {
		_ = p.cmd.Process.Kill() // it may have ended
		<-p.done
	}
}

type process struct {
	cmd      *exec.Cmd
	stdin    io.Closer // nil unless held open
	out, log *growing
	done     chan struct{} // closed when it has ended
}

// A growing buffer tells those who wait when there is more.
type growing struct {
	mu   sync.Mutex
	buf  bytes.Buffer
	more chan struct{} // closed and replaced by each Write
}

func newGrowing() *growing { return &growing{more: make(chan struct{})} }

func (g *growing) Write(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	close(g.more)
	g.more = make(chan struct{})
	return g.buf.Write(p)
}

func (g *growing) bytes() ([]byte, <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return bytes.Clone(g.buf.Bytes()), g.more
}

// until waits until the buffer is as wanted and returns it. It gives up when the
// process has ended, after a last look, and when patience is over.
func (p *process) until(g *growing, wanted func([]byte) bool) ([]byte, bool) {
	over := time.After(patience)
	for {
		got, more := g.bytes()
		if wanted(got) {
			return got, true
		}
		select {
		case <-more:
		case <-p.done:
			got, _ = g.bytes()
			return got, wanted(got)
		case <-over:
			return got, false
		}
	}
}

func find(ts *testscript.TestScript, name string) *process {
	p := ts.Value(processesKey{}).(*processes).byName[name]
	if p == nil {
		ts.Fatalf("no process %q was started", name)
	}
	return p
}

func cmdStart(ts *testscript.TestScript, neg bool, args []string) {
	stdin := ""
	if len(args) > 1 && args[0] == "-stdin" {
		stdin, args = args[1], args[2:]
	}
	if neg || len(args) < 2 {
		ts.Fatalf("usage: start [-stdin FILE] NAME PROGRAM ARG...")
	}
	program, err := exec.LookPath(args[1])
	ts.Check(err)
	p := &process{cmd: exec.Command(program, args[2:]...), out: newGrowing(), log: newGrowing(), done: make(chan struct{})}
	p.cmd.Dir = ts.MkAbs(".")
	for _, key := range []string{"PATH", "HOME", "TMPDIR", "WORK", "TZ", "GORACE", "GOCOVERDIR", "GOTRACEBACK"} {
		if v := ts.Getenv(key); v != "" {
			p.cmd.Env = append(p.cmd.Env, key+"="+v)
		}
	}
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.log
	if stdin != "" {
		in, err := p.cmd.StdinPipe()
		ts.Check(err)
		p.stdin = in
		text := ts.ReadFile(stdin)
		defer func() {
			_, err := io.WriteString(in, text)
			ts.Check(err)
		}()
	}
	ts.Check(p.cmd.Start())
	ts.Value(processesKey{}).(*processes).byName[args[0]] = p
	go func() {
		defer close(p.done)
		_ = p.cmd.Wait() // the status is looked at by ended
	}()
}

func cmdAwait(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 && len(args) != 3 {
		ts.Fatalf("usage: await NAME REGEXP [N]")
	}
	p, n := find(ts, args[0]), 1
	if len(args) == 3 {
		n = number(ts, args[2])
	}
	re, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	log, ok := p.until(p.log, func(b []byte) bool { return len(re.FindAllIndex(b, n)) >= n })
	if !ok {
		ts.Fatalf("%s did not say %q %d times:\n%s", args[0], args[1], n, log)
	}
}

func cmdAwaitOut(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: awaitout NAME WHAT")
	}
	p := find(ts, args[0])
	wanted := regexp.MustCompile("(?m)" + args[1]).Match
	if n, ok := strings.CutSuffix(args[1], " bytes"); ok {
		least := number(ts, n)
		wanted = func(b []byte) bool { return len(b) >= least }
	} else if n, ok := strings.CutSuffix(args[1], " lines"); ok {
		least := number(ts, n)
		wanted = func(b []byte) bool { return bytes.Count(b, []byte("\n")) >= least }
	}
	out, ok := p.until(p.out, wanted)
	if !ok {
		log, _ := p.log.bytes()
		ts.Fatalf("%s wrote %d bytes without %s:\n%s", args[0], len(out), args[1], log)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".out"), out, 0o666))
}

var listeningLine = regexp.MustCompile(`(?m)msg=listening address=(\S+:(\d+))$`)

func cmdListening(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: listening NAME")
	}
	p := find(ts, args[0])
	log, ok := p.until(p.log, listeningLine.Match)
	if !ok {
		ts.Fatalf("%s does not listen:\n%s", args[0], log)
	}
	m := listeningLine.FindSubmatch(log)
	ts.Setenv(args[0], string(m[1]))
	ts.Setenv(args[0]+"_port", string(m[2]))
}

func cmdSignal(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: signal NAME INT|TERM|KILL")
	}
	sig, ok := map[string]os.Signal{"INT": os.Interrupt, "TERM": syscall.SIGTERM, "KILL": os.Kill}[args[1]]
	if !ok {
		ts.Fatalf("unknown signal %s", args[1])
	}
	ts.Check(find(ts, args[0]).cmd.Process.Signal(sig))
}

func cmdEnded(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: ended NAME STATUS")
	}
	p := find(ts, args[0])
	select {
	case <-p.done:
	case <-time.After(patience):
		log, _ := p.log.bytes()
		ts.Fatalf("%s goes on:\n%s", args[0], log)
	}
	out, _ := p.out.bytes()
	log, _ := p.log.bytes()
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".out"), out, 0o666))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".log"), log, 0o666))
	if got := p.cmd.ProcessState.ExitCode(); got != number(ts, args[1]) {
		ts.Fatalf("%s ended with status %d, want %s:\n%s", args[0], got, args[1], log)
	}
}
