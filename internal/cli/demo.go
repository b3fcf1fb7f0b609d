package cli

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"estream/internal/demo"

	"github.com/spf13/cobra"
)

func (e *env) demo() *cobra.Command {
	var (
		keep  string
		limit time.Duration
	)
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "a complete system with real sample data, until Ctrl-C",
		Long: `demo runs a server, a registered client and a collector in one process, in a
temporary directory: real Snort events and a synthetic stream travel through the
real protocol (mutual TLS on a socket, request, negotiation, binary records,
acknowledgement) into JSON and CEF files. At the end it counts in five places; the
exit status is 1 if anything was lost. It takes about 1 GB of disk an hour.`,
		Example: `  estream demo --for 10s
  estream demo --for 10s --keep demo-files`,
		Args: exactArgs(),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if limit < 0 {
				return usagef("--for is %v; expected a duration such as 10s", limit)
			}
			set, err := e.layouts()
			if err != nil {
				return err
			}
			// What the parts log would hide what they do; --verbose shows it.
			log := slog.New(slog.NewTextHandler(e.stderr, &slog.HandlerOptions{Level: slog.LevelError}))
			if e.verbose {
				if log, err = e.logger(); err != nil {
					return err
				}
			}
			dir, err := demoDir(keep)
			if err != nil {
				return err
			}
			if keep == "" {
				defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
			}
			counts, err := demo.Run(cmd.Context(), demo.Options{
				Dir: dir, For: limit, Out: e.stdout, Live: isTerminal(e.stdout), Layouts: set, Log: log, Fault: e.demoFault,
			})
			if err != nil {
				return err
			}
			if keep != "" {
				fmt.Fprintf(e.stdout, "kept in %s\n", dir)
			}
			if !counts.OK() {
				return &silentError{exitFailed}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&keep, "keep", "", "work in `DIR`, which must be new or empty, and leave everything there")
	cmd.Flags().DurationVar(&limit, "for", 0, "stream for this `DURATION` (default: until Ctrl-C)")
	return cmd
}

func demoDir(keep string) (string, error) {
	if keep == "" {
		return os.MkdirTemp("", "estream-demo-")
	}
	dir, err := filepath.Abs(keep)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	if len(entries) > 0 {
		return "", hint(fmt.Errorf("--keep %s: the directory is not empty", keep), "give a directory that does not exist yet")
	}
	return dir, nil
}
