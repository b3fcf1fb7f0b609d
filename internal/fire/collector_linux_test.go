package fire

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"estream/internal/control"
	"estream/service"
)

// A collector is `estream run`, which is started again whenever it was killed.
type collector struct {
	t      *testing.T
	ns     *namespace
	config string
	socket *control.Client
	clock  []byte // shared with the program: by how many seconds its clock is off
	log    tailLog

	mu     sync.Mutex // one fault at a time
	proc   *proc
	lives  int
	memory int64 // bytes, the highest of all lives
}

// newCollector writes the configuration. state is its directory, and outputs the
// configuration's section.
func newCollector(t *testing.T, ns *namespace, c *center, state, outputs string) *collector {
	t.Helper()
	dir := t.TempDir()
	r := &collector{t: t, ns: ns, config: filepath.Join(dir, "estream.yaml")}
	r.log.Count = map[string]int{"level=ERROR": 0, "level=WARN": 0, "msg=connected": 0, "no space left": 0}
	socket := filepath.Join(dir, "sock")
	r.socket = control.Dial(socket)
	text := fmt.Sprintf(`version: 1
state: %s
monitoring: {socket: %s}
journal: {segment_size: 8MiB, retain_size: 64MiB}
sources:
  - {name: fmc, host: 127.0.0.1, port: %d, pkcs12: %s, start: oldest, idle_timeout: 10s, connect_timeout: 5s}
outputs:
%s`, state, socket, c.port(), c.pkcs12, outputs)
	if err := os.WriteFile(r.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cell := filepath.Join(dir, "clock")
	f, err := os.OpenFile(cell, os.O_RDWR|os.O_CREATE, 0o600)
	if err == nil {
		err = f.Truncate(8)
	}
	if err == nil {
		r.clock, err = syscall.Mmap(int(f.Fd()), 0, 8, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	r.start()
	t.Cleanup(func() {
		if r.proc != nil {
			r.kill()
		}
		if err := syscall.Munmap(r.clock); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("estream run:\n%s", r.log.String())
		}
	})
	return r
}

// start is for who holds mu, as kill is.
func (r *collector) start() {
	path, err := program()
	if err != nil {
		r.t.Fatal(err)
	}
	cmd := exec.Command(path, "run", "-c", r.config)
	cmd.Env = append(os.Environ(), "ESTREAM_FIRE_CLOCK="+filepath.Join(filepath.Dir(r.config), "clock"))
	cmd.Stderr = &r.log
	if r.proc, err = r.ns.start(cmd); err != nil {
		r.t.Errorf("estream run: %v", err)
	}
	r.lives++
}

func (r *collector) kill() {
	r.measure()
	if r.proc.kill() {
		r.t.Errorf("estream run ended by itself: %v\n%s", r.proc.err, r.log.String())
	}
}

// finish ends the program in order.
func (r *collector) finish() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.measure()
	_ = r.proc.cmd.Process.Signal(os.Interrupt) // that it had ended shows in err
	if <-r.proc.done; r.proc.err != nil {
		r.t.Errorf("estream run: %v\n%s", r.proc.err, r.log.String())
	}
	r.proc = nil
}

// measure notes how much memory the program has used at most.
func (r *collector) measure() { r.memory = max(r.memory, r.resident("VmHWM:")) }

// resident returns a size in bytes from /proc/PID/status, 0 when the process has gone.
func (r *collector) resident(key string) int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", r.proc.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(b), key)
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0 // a zombie
	}
	n, err := strconv.ParseInt(fields[0], 10, 64)
	if err != nil {
		r.t.Errorf("%s %q: %v", key, fields[0], err)
	}
	return n << 10
}

// status asks the program how it is.
func (r *collector) status() (s service.Status, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	data, err := r.socket.Get(ctx, "/status")
	if err == nil {
		err = json.Unmarshal(data, &s)
	}
	return s, err
}

// jump moves the wall clock of the running program, and of its later lives.
func (r *collector) jump(d time.Duration) {
	// One aligned word: the program reads the old value or the new one.
	binary.NativeEndian.PutUint64(r.clock, uint64(int64(d/time.Second)))
}
