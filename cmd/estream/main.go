// Command estream is the eStreamer system: the server that streams security
// events, the collector that brings them to a SIEM, and the tools around both.
// See estream --help.
package main

import (
	"os"

	"estream/internal/cli"
)

func main() { os.Exit(cli.Process()) }
