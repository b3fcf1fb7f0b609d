package cli

import (
	"net"
	"strconv"

	"estream/config"

	"github.com/spf13/cobra"
)

func (e *env) configNew() *cobra.Command {
	var name, pkcs12, password, state, formatName, to, start string
	cmd := &cobra.Command{
		Use:   "new HOST[:PORT] --pkcs12 FILE",
		Short: "print a small configuration to start with",
		Long: `new prints a configuration with one Management Center and one output: the shortest
way to a service. "estream config reference" shows what else there is.`,
		Example: configReady,
		Args:    exactArgs("HOST"),
		RunE: func(cmd *cobra.Command, args []string) error {
			host, port := args[0], 0
			if h, p, err := net.SplitHostPort(args[0]); err == nil {
				n, err := strconv.ParseUint(p, 10, 16)
				if err != nil || n == 0 {
					return usagef("port %q is no number from 1 to 65535", p)
				}
				host, port = h, int(n)
			}
			if pkcs12 == "" {
				return usagef("--pkcs12 is missing; expected the file that the Management Center gave you at System > Integration > eStreamer")
			}
			text, err := config.New(config.First{
				Name: name, Host: host, Port: port, PKCS12: pkcs12, PasswordFile: password, Start: start, State: state, Format: formatName, To: to,
			})
			if err != nil {
				return usagef("%v", err)
			}
			_, err = e.stdout.Write(text)
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&name, "name", "fmc", "`NAME` of the Management Center")
	f.StringVar(&pkcs12, "pkcs12", "", "PKCS#12 `FILE` of this client")
	f.StringVar(&password, "password-file", "", "`FILE` with its password")
	f.StringVar(&state, "state", "", "`DIR` where the service keeps what it must remember")
	f.StringVarP(&formatName, "format", "f", "json", "`FORMAT` of the output")
	f.StringVar(&to, "to", "stdout", "`URI` of the output, such as file:PATH or syslog+tls://HOST")
	f.StringVar(&start, "start", "now", "where to begin: now, oldest, or a `TIME`")
	return cmd
}

// Beginnings of examples: what they need in an empty directory.
const (
	configReady = `  estream client add 127.0.0.1 --data data -o client.pkcs12
  estream config new 127.0.0.1:8302 --pkcs12 client.pkcs12 --state state --start oldest --to file:events.json > estream.yaml
  estream config check -c estream.yaml`
	runReady = `  estream synth -o events.bin --count 10000
` + configReady + `
  estream serve --data data --listen 127.0.0.1:8302 --replay-as-is events.bin & server=$!
  estream run -c estream.yaml & service=$!
  estream status -c estream.yaml --wait 10s
`
	runDone = `
  kill $service $server; wait $service`
)
