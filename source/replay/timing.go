package replay

import (
	"context"
	"log/slog"
	"time"
)

// A timing hands on a recording in its own time, or a multiple of it.
type timing struct {
	speed float64 // 0: as fast as it goes
	began time.Time
	first uint64 // archive second that went at began
}

// longPause is from how long on a pause of the recording is worth a line in the log.
const longPause = time.Minute

// wait blocks until an archive second is due, or ctx ends. The first one is due at
// once, and so is one that came late in the recording.
func (t *timing) wait(ctx context.Context, second uint64, log *slog.Logger) error {
	if t.speed == 0 || second == 0 {
		return ctx.Err()
	}
	if t.began.IsZero() {
		t.began, t.first = time.Now(), second
	}
	// In steps: a Duration holds no more than 292 years, and recordings can say anything.
	for told := false; second > t.first; {
		passed := time.Since(t.began).Seconds()
		left := float64(second-t.first)/t.speed - passed
		if left <= 0 {
			break
		}
		if !told && left > longPause.Seconds() {
			told = true
			log.Info("replay: a pause of the recording", "seconds", int64(left))
		}
		select {
		case <-time.After(time.Duration(min(left, 3600)*float64(time.Second)) + 1): // rounding must not make it spin
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return ctx.Err()
}
