package cli

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"path/filepath"
	"time"

	"estream/doctor"
	"estream/encore"
	"estream/internal/assemble"
	"estream/pki"
	"estream/wire"

	"github.com/spf13/cobra"
)

func (e *env) test() *cobra.Command {
	var file, pkcs12, passwordFile string
	cmd := &cobra.Command{
		Use:   "test [HOST[:PORT]... --pkcs12 FILE] [-c FILE]",
		Short: "test the connection to each Management Center",
		Long: `test connects, sends a request and waits for the answer, with the lines of eNcore's
test: the last one is "Connection successful". It tests each Management Center of a
configuration, or each HOST. The status is 0 when all tests succeeded, else 1.

It only says whether a session comes about; "estream doctor" finds out why not.`,
		Example: doctorReady + `  estream test 127.0.0.1:8302 --pkcs12 client.pkcs12` + doctorDone,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) > 0 && cmd.Flags().Changed("config"):
				return usagef("--config is for a configuration, and HOST %q needs none; leave out one of them", args[0])
			case len(args) == 0 && (pkcs12 != "" || passwordFile != ""):
				return usagef("--pkcs12 and --password-file need HOST; without it the configuration says what to use")
			}
			p := &probe{w: e.stdout}
			var err error
			if len(args) > 0 {
				err = p.hosts(cmd.Context(), e, args, pkcs12, passwordFile)
			} else {
				err = p.configured(cmd.Context(), file)
			}
			switch {
			case err != nil:
				return err
			case p.failed != nil:
				return p.failed
			case p.bad > 0:
				return hint(fmt.Errorf("%d of %d tests failed", p.bad, p.done), "estream doctor names the cause and the cure")
			}
			return nil
		},
	}
	configFlag(cmd, &file)
	f := cmd.Flags()
	f.StringVar(&pkcs12, "pkcs12", "", "with HOST, the PKCS#12 `FILE` of this client")
	f.StringVar(&passwordFile, "password-file", "", "with HOST, `FILE` whose first line is the password of the PKCS#12 file")
	return cmd
}

// hosts tests servers without a configuration.
func (p *probe) hosts(ctx context.Context, e *env, hosts []string, pkcs12, passwordFile string) error {
	cred, err := e.credentials(pkcs12, passwordFile)
	if err != nil {
		return err
	}
	verify := pki.ClientOptions{Pin: new(pki.Pin)} // for a file without CA: nothing is pinned
	for _, host := range hosts {
		addr, err := serverAddress(ctx, host)
		if err != nil {
			return err
		}
		p.test(ctx, &probeTarget{
			Probe: encore.Probe{
				Addr: addr, Network: "tcp", Dial: new(net.Dialer).DialContext, Flags: wire.DefaultFlags,
				ConnectTimeout: doctor.DefaultTimeout, AnswerTimeout: doctor.DefaultTimeout,
			},
			verify:      verify,
			credentials: func() (*pki.Credentials, error) { return cred, nil },
			tls:         func(cred *pki.Credentials) (*tls.Config, error) { return pki.ClientTLSConfig(cred, verify) },
		})
	}
	return nil
}

// configured tests the sources of a configuration.
func (p *probe) configured(ctx context.Context, file string) error {
	// This line has a form of its own in eNcore, which has not read its settings yet.
	p.printf("%s Diagnostics\tINFO\tChecking that configFilepath (%s) exists\n", time.Now().Format("2006-01-02T15:04:05.000000"), filepath.Base(file))
	c, err := load(file)
	if err != nil {
		return err
	}
	if len(c.Sources) == 0 {
		return fmt.Errorf("%s names no Management Center to connect to; estream config check looks at its sensors", file)
	}
	for i := range c.Sources {
		s := &c.Sources[i]
		p.test(ctx, &probeTarget{
			Probe: encore.Probe{
				Addr: assemble.Address(s), Network: assemble.Network(s), Dial: assemble.Dialer(s), Flags: wire.RequestFlags(s.Request.Flags),
				ConnectTimeout: s.ConnectTimeout, AnswerTimeout: s.ConnectTimeout,
			},
			verify:      assemble.Verification(c, s),
			credentials: func() (*pki.Credentials, error) { return assemble.Credentials(s) },
			tls:         func(cred *pki.Credentials) (*tls.Config, error) { return assemble.ClientTLS(c, s, cred) },
		})
	}
	return nil
}
