package encore

import (
	"context"
	"fmt"
	"net"
	"time"
)

// ticks writes the status from time to time, and when somebody asks.
func (r *run) ticks(ctx context.Context) {
	t := time.NewTicker(r.conf.Monitor.Period)
	defer t.Stop()
	var enter chan struct{}
	if r.Enter {
		enter = make(chan struct{})
		// The read ends with the process: a terminal's cannot be cut short.
		go func() {
			if _, err := r.Terminal.line(); err == nil {
				close(enter)
			}
		}()
	}
	for {
		select {
		case <-t.C:
			r.monitor.tick()
		case <-r.Show:
			if _, err := fmt.Fprintf(r.Terminal.Out, "%s\n", r.details(r.state(), time.Now())); err != nil {
				r.log.Warn("status: " + err.Error())
			}
		case <-enter:
			enter = nil
			r.stop(errEnter)
		case <-ctx.Done():
			return
		}
	}
}

// dial opens a connection of the source.
func (r *run) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	newProbe(r.conf, nil, r.log).connecting()
	r.first.Do(r.monitor.tick)
	return new(net.Dialer).DialContext(ctx, network, addr)
}

// session logs the requests of a session that came to be: eNcore's lines, with the
// bytes that were sent.
func (r *run) session(start uint32) {
	flags := RequestFlags(&r.conf.Request)
	receiver := named(r.log, "Receiver")
	logPosition(r.log, r.conf, r.mark)
	receiver.Info(fmt.Sprintf("EventStreamRequestMessage: %x", eventStreamRequest(start, flags)))
	if r.conf.Request.Extended {
		logPosition(r.log, r.conf, r.mark)
		receiver.Info(fmt.Sprintf("StreamingRequestMessage: %x", streamingRequest(start, flags)))
	}
}

// ended logs why a session ended, or did not come to be. Unless the client is to
// continue, that is its end as well.
func (r *run) ended(err error) {
	log := named(r.log, r.stages[0].logger)
	if r.conf.Continue {
		log.Warn(Describe(err, &r.files) + " Connecting again.")
		return
	}
	log.Error(Describe(err, &r.files))
	r.log.Error("Process " + r.stages[0].process + " state is Error.")
	r.stop(errSession)
}
