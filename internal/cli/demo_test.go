package cli

import (
	"context"
	"strings"
	"testing"

	"estream/wire"
)

// TestDemoLoss: a record dropped on the way makes the command fail.
func TestDemoLoss(t *testing.T) {
	var out, errs strings.Builder
	dropped := false
	e := &env{stdin: strings.NewReader(""), stdout: &out, stderr: &errs}
	e.demoFault = func(batch []byte, count int) ([]byte, int) {
		if dropped || count == 0 {
			return batch, count
		}
		message, rest, err := wire.NextMessage(batch)
		if err != nil {
			t.Error(err)
		}
		if h, ok := wire.PeekRecord(message); !ok || h.Type != 400 && h.Type != 71 && h.Type != 2 {
			return batch, count // an event is missed by its id
		}
		dropped = true
		return rest, count - 1
	}
	if status := e.run(context.Background(), []string{"demo", "--for", "500ms"}); status != exitFailed {
		t.Errorf("exit status %d, want %d\n%s%s", status, exitFailed, out.String(), errs.String())
	}
	if !strings.Contains(out.String(), "lost                 1 ") {
		t.Errorf("lost is not 1:\n%s", out.String())
	}
}
