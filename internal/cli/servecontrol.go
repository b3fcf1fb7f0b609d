package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"estream/internal/control"
	"estream/internal/durable"
	"estream/internal/notify"
	"estream/internal/serverstatus"
	"estream/service"
)

// A controlled server answers commands, and tells the service manager how it is.
type controlled struct {
	service *service.Service
	data    string // directory; the control socket is in it
	answers *serverstatus.Control
	ready   <-chan struct{} // closed when clients can connect
	log     *slog.Logger
}

// run runs the server until ctx ends. SIGHUP reloads meanwhile. The last question is
// answered when the server has ended.
func (c *controlled) run(ctx context.Context) (err error) {
	socket, err := c.listen(ctx)
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	ended, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	if socket != nil {
		wg.Go(func() {
			if err := c.answers.Serve(ended, socket); err != nil {
				c.log.Error("nobody can ask how the server is", "error", err)
			}
		})
	}
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP) // from now on it does not end the process
	defer signal.Stop(hup)
	wg.Go(func() { c.hangUps(ended, hup) })
	wg.Go(func() { c.manage(ctx, ended) })
	return c.service.Run(ctx)
}

// listen opens the control socket. It is nil where its name is too long for a socket, or
// the file system has none: the server is there for its clients first.
func (c *controlled) listen(ctx context.Context) (net.Listener, error) {
	if err := durable.MkdirAll(durable.OS{}, c.data, 0o700); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	path := filepath.Join(c.data, socketName)
	ln, err := control.Listen(ctx, path)
	for _, impossible := range []error{syscall.EINVAL, syscall.EPERM, errors.ErrUnsupported} {
		if errors.Is(err, impossible) {
			c.log.Warn("no command can ask after this server: there cannot be a socket in its data directory", "socket", path, "error", err)
			return nil, nil
		}
	}
	return ln, err
}

// hangUps reloads at each SIGHUP.
func (c *controlled) hangUps(ctx context.Context, hup <-chan os.Signal) {
	for {
		select {
		case <-hup:
		case <-ctx.Done():
			return
		}
		if c.answers.Reload == nil {
			continue
		}
		c.notify(notify.Reloading())
		if changed, err := c.answers.Reload(); err != nil {
			c.log.Error("reload failed; everything goes on as before", "error", err)
		} else {
			c.log.Info("settings were read again", "changed", changed)
		}
		c.notify(notify.Ready)
	}
}

// manage tells the service manager when the server is ready and when it is about to
// end, and in between that it lives, as often as the manager asks for.
func (c *controlled) manage(running, ended context.Context) {
	var alive <-chan time.Time
	if interval := notify.WatchdogInterval(); interval > 0 {
		tick := time.NewTicker(interval)
		defer tick.Stop()
		alive = tick.C
	}
	ready, stopping := c.ready, running.Done()
	for {
		select {
		case <-ready:
			ready = nil
			c.notify(notify.Ready)
		case <-stopping:
			stopping = nil
			c.notify(notify.Stopping)
		case <-alive:
			c.service.Status() // takes the locks: a server that hangs does not live
			c.notify(notify.Watchdog)
		case <-ended.Done():
			return
		}
	}
}

func (c *controlled) notify(state string) {
	if err := notify.Notify(state); err != nil {
		c.log.Warn("systemd cannot be told of the state", "error", err)
	}
}
