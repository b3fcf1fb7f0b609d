package encore

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"estream/output"
	"estream/output/file"
)

// scpProgram copies files to other hosts; it must be in the PATH. It knows the
// user's keys and hosts, and is asked to ask nothing. A variable for tests.
var scpProgram = "scp"

const (
	scpTime      = 10 * time.Minute // for one file
	scpRetry     = 2 * time.Second  // first pause after a failure, as eNcore's
	scpRetryMost = 2 * time.Minute
	scpWords     = 1 << 10 // bytes of what the program says that are logged
)

// scpOutput writes files into the working directory and has each copied and deleted
// once it is finished and committed. Guarantee: at least once; a file is deleted
// only after scp has said that all of it is there. The file that is being written
// stays until the next run when the client stops.
type scpOutput struct {
	*file.Output
	d        Destination
	finished *regexp.Regexp // names of files of this output
	current  string         // file at the last Commit
	stop     context.CancelFunc
	done     sync.WaitGroup

	mu    sync.Mutex
	queue []string      // finished files, not yet copied
	wake  chan struct{} // something was added to queue
}

// openSCP returns what opens an output of files that are copied by scp.
func openSCP(d Destination) (func(saved []byte) (output.Output, error), error) {
	_, name := remotePath(d.Path)
	before, after, ok := strings.Cut(name, "{0}")
	if !ok {
		return nil, fmt.Errorf("stream uri %q: the name %q has no {0}, so one file would take the place of the other on %s", "scp://"+d.Host+d.Path, name, d.Host)
	}
	o, err := file.ParseEncoreURI("relfile:///"+name, true, d.Output.MaxLogs, d.Dir)
	if err != nil {
		return nil, err
	}
	o.Ledger, o.Log = d.Ledger, d.Log
	finished := regexp.MustCompile(`^` + regexp.QuoteMeta(before) + `\d+(-[0-9a-f-]{36})?` + regexp.QuoteMeta(after) + `$`)
	return func(saved []byte) (output.Output, error) {
		f, err := file.OpenWith(o, saved)
		if err != nil {
			return nil, err
		}
		ctx, stop := context.WithCancel(context.Background())
		s := &scpOutput{Output: f, d: d, finished: finished, wake: make(chan struct{}, 1), stop: stop}
		s.done.Go(func() { s.run(ctx) })
		return s, nil
	}, nil
}

// remotePath returns directory and name of the files on the other host. A colon
// after the first slash makes the path relative to the remote home.
func remotePath(p string) (dir, name string) {
	if rest, ok := strings.CutPrefix(p, "/:"); ok {
		p = "./" + strings.TrimLeft(rest, "/")
	}
	dir, name = path.Split(p)
	if name == "" {
		name = "log{0}"
	}
	return dir, name
}

// Commit implements [output.Output]. What is finished by then may go.
func (s *scpOutput) Commit(ctx context.Context) ([]byte, error) {
	state, err := s.Output.Commit(ctx)
	if err != nil {
		return nil, err
	}
	var now struct{ Path string } // of the file that is being written; "" before the first line
	if err := json.Unmarshal(state, &now); err != nil {
		return nil, fmt.Errorf("scp output: state of the file: %w", err)
	}
	if now.Path == "" || now.Path == s.current {
		return state, nil
	}
	if err := s.enqueue(now.Path); err != nil {
		s.d.Log.Error(err.Error() + "; finished files stay here until the next one is finished")
		return state, nil // the events themselves are safe
	}
	s.current = now.Path
	return state, nil
}

// enqueue adds all files of this output but the current one, as they are now: one
// that is begun later is none of them.
func (s *scpOutput) enqueue(current string) error {
	entries, err := os.ReadDir(s.d.Dir)
	if err != nil {
		return fmt.Errorf("scp output: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range entries {
		local := filepath.Join(s.d.Dir, e.Name())
		if e.Type().IsRegular() && s.finished.MatchString(e.Name()) && local != current && !slices.Contains(s.queue, local) {
			s.queue = append(s.queue, local)
		}
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
	return nil
}

// first returns the first file of the queue.
func (s *scpOutput) first() (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) == 0 {
		return "", false
	}
	return s.queue[0], true
}

// Close implements [output.Output]. A copy that is under way is given up.
func (s *scpOutput) Close() error {
	s.stop()
	s.done.Wait()
	return s.Output.Close()
}

func (s *scpOutput) String() string { return "scp://" + s.d.Host + s.d.Path }

// run copies finished files, one after the other, until ctx ends.
func (s *scpOutput) run(ctx context.Context) {
	for wait := scpRetry; ctx.Err() == nil; {
		local, ok := s.first()
		if !ok {
			select {
			case <-s.wake:
			case <-ctx.Done():
			}
			continue
		}
		err := s.move(ctx, local)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			s.d.Log.Error(err.Error()+"; the file stays here and is copied later", slog.Duration("retry", wait))
			pause(ctx, wait)
			wait = min(2*wait, scpRetryMost)
		default:
			s.mu.Lock()
			s.queue = slices.Delete(s.queue, 0, 1)
			s.mu.Unlock()
			wait = scpRetry
		}
	}
}

// move copies a file and deletes it. One that somebody else has moved is done.
func (s *scpOutput) move(ctx context.Context, local string) error {
	if _, err := os.Stat(local); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err := s.copy(ctx, local); err != nil {
		return fmt.Errorf("scp output: %s to %s: %w", filepath.Base(local), s.d.Host, err)
	}
	if err := os.Remove(local); err != nil {
		return fmt.Errorf("scp output: %w", err)
	}
	return nil
}

// args returns the arguments of scp for a file.
func (s *scpOutput) args(local string) []string {
	dir, _ := remotePath(s.d.Path)
	host := s.d.Host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if s.d.User != "" {
		host = s.d.User + "@" + host
	}
	args := []string{"-q", "-B", "-o", "StrictHostKeyChecking=accept-new", "-P", strconv.Itoa(s.d.Port)}
	if s.d.Output.SCPKey != "" {
		args = append(args, "-i", In(s.d.Dir, s.d.Output.SCPKey))
	}
	return slices.Concat(args, []string{"--", local, host + ":" + path.Join(dir, filepath.Base(local))})
}

func (s *scpOutput) copy(ctx context.Context, local string) error {
	ctx, cancel := context.WithTimeout(ctx, scpTime)
	defer cancel()
	var said limited
	cmd := exec.CommandContext(ctx, scpProgram, s.args(local)...)
	cmd.Stderr = &said
	cmd.WaitDelay = time.Second
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			err = errors.Join(ctx.Err(), err)
		}
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(said.String()))
	}
	return nil
}

// limited keeps the first scpWords bytes that are written to it.
type limited struct{ bytes.Buffer }

func (l *limited) Write(p []byte) (int, error) {
	if room := scpWords - l.Len(); room > 0 {
		l.Buffer.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}
