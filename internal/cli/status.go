package cli

import (
	"context"
	"errors"
	"time"

	"estream/internal/control"

	"github.com/spf13/cobra"
)

func (e *env) status() *cobra.Command {
	var (
		r    remote
		json bool
		wait time.Duration
	)
	cmd := &cobra.Command{
		Use:   "status [-c FILE]",
		Short: "show how a running service is",
		Long: `status shows sources, journal and outputs of "estream run", and what is wrong with
them. With --json it prints everything there is to know, for programs.`,
		Example: runReady + `  estream status -c estream.yaml --json` + runDone,
		Args:    exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := r.dial()
			if err != nil {
				return err
			}
			path := "/status?text"
			if json {
				path = "/status"
			}
			answer, err := patient(cmd.Context(), c, path, wait)
			if err != nil {
				return err
			}
			_, err = e.stdout.Write(answer)
			return err
		},
	}
	r.register(cmd)
	cmd.Flags().BoolVar(&json, "json", false, "print JSON")
	cmd.Flags().DurationVar(&wait, "wait", 0, "wait up to this `DURATION` for the service to answer")
	return cmd
}

// patient asks again while nobody answers.
func patient(ctx context.Context, c *control.Client, path string, wait time.Duration) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, wait+answerTime)
	defer cancel()
	for end := time.Now().Add(wait); ; {
		answer, err := c.Get(ctx, path)
		var nobody *control.NotRunningError
		if err == nil || !errors.As(err, &nobody) || time.Now().After(end) {
			return answer, err
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return nil, err
		}
	}
}

// answerTime is how long a service that runs may take to answer.
const answerTime = 10 * time.Second
