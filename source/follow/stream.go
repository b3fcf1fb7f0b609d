package follow

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"estream/internal/mute"
)

// A Stream reads lines from a socket that it listens on: Suricata's unix_stream
// ("unix") and unix_dgram ("unixgram"), or TCP ("tcp"). A TCP peer is not asked
// who it is: listen on loopback, or on a network that only sensors can reach. The
// fields must not be changed while Run is running, of which there may be one.
type Stream struct {
	Network  string      // "unix", "unixgram" or "tcp"
	Address  string      // path of the socket, or HOST:PORT
	Mode     fs.FileMode // permissions of a unix socket; 0 means 0660: owner and group may write
	MaxLine  int         // longest line in bytes; 0 means 1 MiB. Longer ones are skipped and counted
	MaxConns int         // connections at a time; 0 means 64. Further ones are closed and counted
	// Idle is called about every Poll (0 means 200 ms) while nothing arrives, never
	// during a call of take. Optional; its error ends Run.
	Idle func(ctx context.Context) error
	Poll time.Duration
	// Listening is called with the address once the socket is open. Optional.
	Listening func(net.Addr)
	Log       *slog.Logger // required

	batch *streamBatch // the batch that is being taken

	mu    sync.Mutex
	stats Stats
}

// defaultConns is how many sensor processes may be connected at a time.
const defaultConns = 64

// String names the stream in logs.
func (s *Stream) String() string { return s.Network + ":" + s.Address }

// Stats returns what has been done since the Stream was made. It is safe for
// concurrent use.
func (s *Stream) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stats.clone()
}

func (s *Stream) count(add func(*Stats)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	add(&s.stats)
}

// MarkAt implements [Input]: a socket has no position.
func (s *Stream) MarkAt(dst []byte, _ int) []byte { return dst }

// Where implements [Input].
func (s *Stream) Where(i int) Place { return Place{s.batch.name, s.batch.begin[i]} }

// Run implements [Input]. It returns an error if the socket cannot be opened, and
// that of take or Idle. A unix socket that nobody listens on any more is replaced.
func (s *Stream) Run(ctx context.Context, take Take) error {
	outer := ctx
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r := &streamRun{s: s, take: take, ctx: ctx, cancel: cancel, max: cmp.Or(s.MaxLine, DefaultMaxLine), loud: mute.New(10 * time.Second)}
	var err error
	switch s.Network {
	case "unixgram":
		err = r.datagrams()
	case "unix", "tcp", "tcp4", "tcp6":
		err = r.listen()
	default:
		return fmt.Errorf("network of a stream is %q; expected unix, unixgram or tcp", s.Network)
	}
	if err != nil {
		return err
	}
	if outer.Err() != nil {
		return nil
	}
	return context.Cause(ctx)
}

// socket makes room for a unix socket: a file left over by a process that ended.
func (s *Stream) socket() error {
	fi, err := os.Lstat(s.Address)
	if errors.Is(err, fs.ErrNotExist) || strings.HasPrefix(s.Address, "@") {
		return nil
	}
	if err != nil {
		return err
	}
	if fi.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("listen on %s: it is %v; expected nothing or a socket there", s, fi.Mode().Type())
	}
	if c, err := net.Dial(s.Network, s.Address); err == nil {
		return errors.Join(fmt.Errorf("listen on %s: another process is listening there", s), c.Close())
	}
	return os.Remove(s.Address)
}

// open sets the permissions of a new unix socket.
func (s *Stream) open(addr net.Addr) error {
	if strings.HasPrefix(s.Network, "unix") && !strings.HasPrefix(s.Address, "@") {
		if err := os.Chmod(s.Address, cmp.Or(s.Mode, 0o660)); err != nil {
			return err
		}
	}
	s.Log.Info("follow: listening for sensors", "stream", s.String(), "address", addr.String())
	if s.Listening != nil {
		s.Listening(addr)
	}
	return nil
}
