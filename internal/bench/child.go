package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/pprof"
	"time"
)

// childArg is the argument, followed by a job in JSON, that makes this program
// one of its own child processes.
const childArg = "-child"

// A job is what a child process does.
type job struct {
	Role     string // key of roles
	Dir      string // what prepare has made
	Stream   string // file of messages
	Count    uint64 // messages of it to receive, for each session
	Size     int64  // bytes of it to receive, where messages are not looked at
	Sessions int    // of a fan-out
	Addr     string // of the server
	Format   string
	State    string // directory of the collector's journal
	Output   string // file for lines
	Profile  string // file for the CPU profile; empty: none
}

// A result is what a child process reports about its work.
type result struct {
	Elapsed  time.Duration // from the connection on, or for decode from the start
	Messages uint64
	In       uint64        // bytes of messages
	Out      uint64        // bytes of lines
	Allocs   uint64        // memory allocations while it worked
	CPU      time.Duration // of the process in that time, user and system; 0 where the system does not say
	Server   time.Duration // CPU time of the server meanwhile; found by the parent
	RSS      int64         // most memory the process ever used, in bytes; likewise
}

var roles = map[string]func(context.Context, *job) (*result, error){
	"bare":    readBare,
	"discard": discard,
	"fanout":  fanOut,
	"rawfan":  rawFanOut,
	"collect": collector,
	"decode":  decode,
}

// runChild does a job and prints its result.
func runChild(ctx context.Context, arg string) (err error) {
	var j job
	if err := json.Unmarshal([]byte(arg), &j); err != nil {
		return fmt.Errorf("job %q: %w", arg, err)
	}
	if j.Profile != "" {
		f, err := os.Create(j.Profile)
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer func() {
			pprof.StopCPUProfile()
			err = errors.Join(err, f.Close())
		}()
	}
	if j.Role == "serve" {
		return serve(ctx, &j, os.Stdin, os.Stdout)
	}
	r, err := roles[j.Role](ctx, &j)
	if err != nil {
		return fmt.Errorf("%s: %w", j.Role, err)
	}
	if r.RSS, err = maxRSS(); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}

// command prepares a child process. Its profile, if there is to be one, is named name.
func (b *bench) command(ctx context.Context, name string, j job, profile bool) (*exec.Cmd, error) {
	j.Dir, j.Stream = b.memory, b.stream
	if profile {
		j.Profile = filepath.Join(b.profiles, name+".pprof")
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	arg, err := json.Marshal(j)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, childArg, string(arg))
	cmd.Stderr = os.Stderr
	return cmd, nil
}

// child runs a child process to its end. env is added to its environment.
func (b *bench) child(ctx context.Context, name string, j job, profile bool, env ...string) (*result, error) {
	cmd, err := b.command(ctx, name, j, profile)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Env = &out, append(os.Environ(), env...)
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	r := new(result)
	if err := json.Unmarshal(out.Bytes(), r); err != nil {
		return nil, fmt.Errorf("%s: result %q: %w", name, out.Bytes(), err)
	}
	return r, nil
}

// A serving is a server process that runs.
type serving struct {
	addresses
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout *json.Decoder
}

// startServer starts the server process and waits until it listens.
func (b *bench) startServer(ctx context.Context, profile bool) (*serving, error) {
	cmd, err := b.command(ctx, "server", job{Role: "serve"}, profile)
	if err != nil {
		return nil, err
	}
	s := &serving{cmd: cmd}
	if s.stdin, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s.stdout = json.NewDecoder(stdout)
	if err := s.stdout.Decode(&s.addresses); err != nil {
		return nil, errors.Join(fmt.Errorf("server did not start: %w", err), s.stop())
	}
	return s, nil
}

// cpuTime returns the processor time that the server has used so far.
func (s *serving) cpuTime() (t time.Duration, err error) {
	if _, err = io.WriteString(s.stdin, "\n"); err == nil {
		err = s.stdout.Decode(&t)
	}
	if err != nil {
		return 0, fmt.Errorf("server's processor time: %w", err)
	}
	return t, nil
}

// stop ends the server by closing its standard input, and waits for it.
func (s *serving) stop() error {
	err := errors.Join(s.stdin.Close(), s.cmd.Wait())
	if err != nil {
		return fmt.Errorf("server: %w", err)
	}
	return nil
}
