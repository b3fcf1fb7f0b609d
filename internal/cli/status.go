package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"estream/doctor"
	"estream/internal/control"
	"estream/monitor"

	"github.com/spf13/cobra"
)

func (e *env) status() *cobra.Command {
	var (
		r      remote
		asJSON bool
		check  bool
		wait   time.Duration
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
			answer, err := patient(cmd.Context(), c, "/status", wait)
			if err != nil {
				return err
			}
			var page monitor.Page
			if err := json.Unmarshal(answer, &page); err != nil {
				return fmt.Errorf("the service answered %.100q: %w", answer, err)
			}
			ready := func() error {
				if check && !page.Ready {
					return &silentError{exitFailed} // what stands in the way was printed
				}
				return nil
			}
			if asJSON {
				if _, err := e.stdout.Write(answer); err != nil {
					return err
				}
				return ready()
			}
			if err := monitor.WriteText(e.stdout, &page, doctor.UseColour(e.stdout)); err != nil {
				return err
			}
			return ready()
		},
	}
	r.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&check, "check", false, "exit with status 1 unless the service is ready for work")
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
