package cli

import (
	"errors"
	"fmt"

	"estream/admin"
	"estream/internal/durable"
	"estream/pki"

	"github.com/spf13/cobra"
)

// clientFlags are what add and set say about a client.
type clientFlags struct {
	domain                 string
	devices, also          []string
	netmapID, anyHost      bool
	allDevices, onlyItsOwn bool
}

func (c *clientFlags) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&c.domain, "domain", "", "`NAME` of the domain whose devices the client sees (default: Global, all of them)")
	f.StringArrayVar(&c.devices, "device", nil, "name or UUID of a managed `DEVICE` of the domain; once or more: the client sees only these")
	f.BoolVar(&c.netmapID, "netmap-id", false, "put the netmap id into the record type word; eNcore does not understand that")
	f.StringArrayVar(&c.also, "also", nil, "`ADDR` or network from which the client may come besides HOST, as behind address translation; once or more")
	f.BoolVar(&c.anyHost, "any-host", false, "let the client come from anywhere: its certificate alone counts")
}

// change returns what the flags that were given ask for.
func (c *clientFlags) change(cmd *cobra.Command) (ch admin.ClientChange, err error) {
	given := cmd.Flags().Changed
	if c.anyHost && given("also") {
		return ch, usagef("--any-host and --also contradict each other")
	}
	if c.allDevices && given("device") {
		return ch, usagef("--all-devices and --device contradict each other")
	}
	if c.onlyItsOwn && (c.anyHost || given("also")) {
		return ch, usagef("--only-host contradicts --also and --any-host")
	}
	if given("domain") {
		ch.Domain = &c.domain
	}
	if given("device") || c.allDevices {
		ch.Devices = &c.devices
	}
	if given("netmap-id") {
		ch.NetmapID = &c.netmapID
	}
	switch {
	case c.anyHost:
		also := admin.AnyHost()
		ch.Also = &also
	case given("also") || c.onlyItsOwn:
		ch.Also = &c.also
	}
	return ch, nil
}

func (e *env) clientSet() *cobra.Command {
	var (
		data     string
		settings clientFlags
	)
	cmd := &cobra.Command{
		Use:   "set HOST",
		Short: "change what a client may see and from where it may come",
		Long: `set changes what is named and leaves the rest as it is. It takes effect at once: live
sessions of the client that may not go on as they are end, and it connects anew.`,
		Example: `  estream client add 127.0.0.1 --data data -o client.pkcs12
  estream client set 127.0.0.1 --data data --device sensor-1 --also 192.0.2.0/24`,
		Args: exactArgs("HOST"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ch, err := settings.change(cmd)
			if err != nil {
				return err
			}
			if ch == (admin.ClientChange{}) {
				return hint(usagef("nothing is to be changed"), "estream client set --help shows what can be")
			}
			s, err := e.openService(data, false)
			if err != nil {
				return err
			}
			c, err := s.ChangeClient(cmd.Context(), args[0], ch)
			if err != nil {
				return refusedClient(err, data)
			}
			fmt.Fprintf(e.stderr, "changed %s: %s\n", c.Host, describeClient(c))
			return nil
		},
	}
	settings.add(cmd)
	f := cmd.Flags()
	f.StringVar(&data, "data", "", "the server's data `DIR`")
	f.BoolVar(&settings.allDevices, "all-devices", false, "let the client see all devices of its domain again")
	f.BoolVar(&settings.onlyItsOwn, "only-host", false, "let the client come from HOST only again")
	return cmd
}

// describeClient puts the settings of a client into one line.
func describeClient(c pki.Client) string {
	domain, devices, from, form := c.Domain, "all devices", "from "+c.Host, "plain record types"
	if domain == "" {
		domain = admin.Global
	}
	if n := len(c.Devices); n > 0 {
		devices = fmt.Sprintf("%d chosen devices", n)
	}
	switch n := len(c.Also); {
	case admin.IsAnyHost(c):
		from = "from anywhere"
	case n > 0:
		from += fmt.Sprintf(" and %d other networks", n)
	}
	if c.NetmapID {
		form = "record types with netmap id"
	}
	return fmt.Sprintf("domain %s, %s, %s, %s", domain, devices, from, form)
}

// refusedClient is refused with the hint for a client that is not there.
func refusedClient(err error, data string) error {
	if errors.Is(err, pki.ErrNotRegistered) {
		return hint(err, "estream client list --data %s shows who is", data)
	}
	return refused(err)
}

func (e *env) clientExport() *cobra.Command {
	var data, out string
	cmd := &cobra.Command{
		Use:     "export HOST",
		Aliases: []string{"download"},
		Short:   "write the PKCS#12 file of a client once more",
		Long: `export writes the PKCS#12 file as it was issued, with the password it had then. Files
of removed clients are gone.`,
		Example: `  estream client add 127.0.0.1 --data data -o client.pkcs12
  estream client export 127.0.0.1 --data data -o again.pkcs12`,
		Args: exactArgs("HOST"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if out == "" {
				return hint(usagef("-o FILE is missing: where to write the PKCS#12 file"), "%s", "estream client export "+args[0]+" --data DIR -o client.pkcs12")
			}
			if err := newFile(out); err != nil {
				return err
			}
			a, err := e.openAuthority(data, false)
			if err != nil {
				return err
			}
			file, c, err := a.Export(args[0])
			if err != nil {
				return refusedClient(err, data)
			}
			if err := durable.ReplaceFile(durable.OS{}, out, file, 0o600); err != nil {
				return fmt.Errorf("write the PKCS#12 file: %w", err)
			}
			fmt.Fprintf(e.stderr, "PKCS#12 file of %s (serial %s): %s\n", c.Host, c.Serial, out)
			return nil
		},
	}
	cmd.Flags().StringVar(&data, "data", "", "the server's data `DIR`")
	cmd.Flags().StringVarP(&out, "output", "o", "", "the PKCS#12 `FILE` to write")
	return cmd
}
