package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"estream/doctor"
	"estream/internal/control"
	"estream/monitor"

	"github.com/spf13/cobra"
)

// Control sequences of terminals (ECMA-48; the alternate screen is xterm's).
const (
	enterScreen = "\x1b[?1049h\x1b[?25l" // and hide the cursor
	leaveScreen = "\x1b[?25h\x1b[?1049l"
	homeScreen  = "\x1b[H"
	restOfLine  = "\x1b[K"
	restOfPage  = "\x1b[J"
)

func (e *env) top() *cobra.Command {
	var r remote
	var every time.Duration
	var frames int
	cmd := &cobra.Command{
		Use:   "top [-c FILE]",
		Short: "watch a running service",
		Long: `top shows what "estream status" does, again and again, until Ctrl-C. Where standard
output is no terminal one page follows the other.`,
		Example: runReady + `  estream top -c estream.yaml --pages 2 --every 200ms` + runDone,
		Args:    exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if every < 100*time.Millisecond {
				return usagef("--every is %v; expected 100ms or more", every)
			}
			c, err := r.dial()
			if err != nil {
				return err
			}
			live, colour := isTerminal(e.stdout), doctor.UseColour(e.stdout)
			if live {
				fmt.Fprint(e.stdout, enterScreen)
				defer fmt.Fprint(e.stdout, leaveScreen)
			}
			for n := 1; ; n++ {
				text, err := page(cmd, c, colour)
				if err != nil {
					return err
				}
				if live {
					text = bytes.ReplaceAll(text, []byte("\n"), []byte(restOfLine+"\n"))
					text = append(append([]byte(homeScreen), text...), restOfPage...)
				}
				if _, err := e.stdout.Write(text); err != nil {
					return err
				}
				if n == frames {
					return nil
				}
				select {
				case <-time.After(every):
				case <-cmd.Context().Done():
					return nil
				}
			}
		},
	}
	r.register(cmd)
	cmd.Flags().DurationVar(&every, "every", time.Second, "`DURATION` between two looks")
	cmd.Flags().IntVar(&frames, "pages", 0, "`NUMBER` of pages after which it ends; 0: never")
	return cmd
}

// page returns the status as text. A service that is just not there is said on it:
// it may be restarting.
func page(cmd *cobra.Command, c *control.Client, colour bool) ([]byte, error) {
	var text bytes.Buffer
	answer, err := c.Get(cmd.Context(), "/status")
	var nobody *control.NotRunningError
	switch {
	case cmd.Context().Err() != nil:
		return nil, nil
	case errors.As(err, &nobody):
		fmt.Fprintf(&text, "%v\n", err)
		return text.Bytes(), nil
	case err != nil:
		return nil, err
	}
	var p monitor.Page
	if err := json.Unmarshal(answer, &p); err != nil {
		return nil, fmt.Errorf("the service answered %.100q: %w", answer, err)
	}
	err = monitor.WriteText(&text, &p, colour)
	return text.Bytes(), err
}
