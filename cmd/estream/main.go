// Command estream is the eStreamer system: the server that streams security
// events, the collector that brings them to a SIEM, and the tools around both.
// See estream --help.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"estream/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// After the first signal the second one has its usual effect: it ends the
	// process at once, for operators who do not want to wait for an orderly end.
	context.AfterFunc(ctx, stop)
	os.Exit(cli.Main(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
