package journal

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	retryFirst  = 50 * time.Millisecond // pause after a commit that failed; doubles
	retryMost   = 5 * time.Second
	logInterval = 30 * time.Second // between two log lines about the same trouble
	writeTries  = 3                // failures of a write, other than a full disk, before the file is given up
)

// run is the committer: the one goroutine that writes to segments, from Open
// until Close. A commit covers whatever has come in when it begins, so the
// slower the disk the larger the groups.
func (j *Journal) run() {
	defer close(j.done)
	timer := time.NewTimer(j.opt.CommitInterval)
	defer timer.Stop()
	for closing := false; !closing; {
		urgent := false
		for !closing && j.pendingBytes() == 0 {
			select {
			case <-j.dirty:
			case <-j.now:
				urgent = true // of what has come in since pendingBytes
			case <-j.tidy:
				j.retain()
			case <-j.closing:
				closing = true
			}
		}
		if !closing && !urgent && j.pendingBytes() < j.opt.CommitBytes {
			timer.Reset(j.opt.CommitInterval)
			select {
			case <-timer.C:
			case <-j.now:
			case <-j.closing:
				closing = true
			}
		}
		if err := j.commitRetrying(timer); err != nil {
			j.mu.Lock()
			lost, bytes := j.next-j.durable, j.pending
			j.mu.Unlock()
			j.closeErr = fmt.Errorf("close journal %s: %d messages (%d bytes) are not durable: %w", j.dir, lost, bytes, err)
			break
		}
		j.retain()
	}
	j.closeErr = also(j.closeErr, j.closeFiles())
}

// also returns an error that says both; either may be nil.
func also(err, more error) error {
	if err == nil || more == nil {
		return errors.Join(err, more)
	}
	return fmt.Errorf("%w; %w", err, more)
}

func (j *Journal) pendingBytes() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.pending
}

// commitRetrying commits until that succeeds. It gives up only when Close does.
func (j *Journal) commitRetrying(timer *time.Timer) error {
	pause := retryFirst
	for {
		err := j.commit()
		j.setStall(err)
		if err == nil {
			return nil
		}
		timer.Reset(pause)
		pause = min(2*pause, retryMost)
		select {
		case <-timer.C:
		case <-j.abort:
			return err
		}
	}
}

// setStall publishes why nothing can be written, or that it can be again.
func (j *Journal) setStall(err error) {
	now := j.opt.Now()
	j.mu.Lock()
	before, since := j.stall, j.stalledAt
	j.stall = err
	if err != nil {
		j.counters.writeErrors++
		if before == nil {
			j.stalledAt = now
		}
	}
	pending := j.pending
	j.mu.Unlock()
	switch {
	case err == nil && before != nil:
		j.log.Info("journal can write again", "stalled", now.Sub(since))
		j.stallLogged = time.Time{}
	case err != nil && now.Sub(j.stallLogged) >= logInterval:
		j.log.Error("journal can't write, keeps what came in and tries again", "pending_bytes", pending, "error", err)
		j.stallLogged = now
	}
}

// Durable returns the position below which everything is durable.
func (j *Journal) Durable() Position {
	j.mu.Lock()
	defer j.mu.Unlock()
	return Position{j.durable}
}

// WaitDurable returns nil once everything below pos is durable, also for a
// position that nothing was appended to yet. Otherwise it ends with ctx or
// with ErrClosed.
func (j *Journal) WaitDurable(ctx context.Context, pos Position) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for ch := newWaiter(); j.durable < pos.Seq; {
		if j.closed {
			return ErrClosed
		}
		if err := j.wait(ctx, &j.synced, ch); err != nil {
			return fmt.Errorf("wait until journal is durable: %w", also(err, j.stall))
		}
	}
	return nil
}

// Sync makes everything appended so far durable without waiting for
// CommitInterval. The errors are those of [Journal.WaitDurable].
func (j *Journal) Sync(ctx context.Context) error {
	pos := j.End()
	kick(j.now)
	return j.WaitDurable(ctx, pos)
}
