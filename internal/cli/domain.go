package cli

import (
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"estream/admin"
	"estream/pki"

	"github.com/spf13/cobra"
)

func (e *env) domain() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "domain",
		Short: "divide clients and managed devices into domains",
		Long: `Every client and every managed device belongs to a domain; a client sees the events of
its domain's devices. The domain Global always exists and contains all others. A
domain is below another if its name begins with that name and a backslash.`,
		Example: `  mkdir -p data
  estream domain list --data data`,
		Args: noSuchCommand,
		RunE: func(cmd *cobra.Command, args []string) error { return cmd.Help() },
	}
	cmd.AddCommand(e.domainList(), e.domainAdd(), e.domainRemove(), e.domainAssign(), e.domainUnassign())
	return cmd
}

// registered returns the registrations of a server that may have none yet.
func (e *env) registered(data string) ([]pki.Client, error) {
	if _, err := os.Stat(pkiDir(data)); os.IsNotExist(err) {
		return nil, nil
	}
	a, err := e.openAuthority(data, false)
	if err != nil {
		return nil, err
	}
	return a.List()
}

func (e *env) domainList() *cobra.Command {
	var (
		data   string
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "list",
		Short: "list the domains and what belongs to them",
		Example: `  mkdir -p data
  estream domain add Lab --data data
  estream domain list --data data`,
		Args: exactArgs(),
		RunE: func(cmd *cobra.Command, args []string) error {
			set, err := e.settings(data)
			if err != nil {
				return err
			}
			clients, err := e.registered(data)
			if err != nil {
				return err
			}
			domains := set.Overview(clients)
			if asJSON {
				return e.printJSON(domains)
			}
			w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "DOMAIN\tCLIENTS\tASSIGNED DEVICES")
			for _, d := range domains {
				fmt.Fprintf(w, "%s\t%s\t%s\n", d.Name, listed(d.Clients), listed(d.Devices))
			}
			return w.Flush()
		},
	}
	cmd.Flags().StringVar(&data, "data", "", "the server's data `DIR`")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func listed(names []string) string {
	if len(names) == 0 {
		return "-"
	}
	return strings.Join(names, ", ")
}

// settingsCommand is a command that changes settings; do returns what it did.
func (e *env) settingsCommand(use, short, long, example string, args []string, do func(cmd *cobra.Command, s *admin.Store, data string, args []string) (string, error)) *cobra.Command {
	var data string
	cmd := &cobra.Command{
		Use: use, Short: short, Long: long, Example: example, Args: exactArgs(args...),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := e.openSettings(data)
			if err != nil {
				return err
			}
			done, err := do(cmd, s, data, args)
			if err != nil {
				return refused(err)
			}
			if done != "" {
				fmt.Fprintln(e.stderr, done)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&data, "data", "", "the server's data `DIR`")
	return cmd
}

func (e *env) domainAdd() *cobra.Command {
	return e.settingsCommand("add NAME", "add a domain", "", `  mkdir -p data
  estream domain add Lab --data data`, []string{"NAME"},
		func(cmd *cobra.Command, s *admin.Store, _ string, args []string) (string, error) {
			return "added domain " + args[0], s.AddDomain(cmd.Context(), args[0])
		})
}

func (e *env) domainRemove() *cobra.Command {
	return e.settingsCommand("remove NAME", "remove a domain that has neither clients nor devices", "", `  mkdir -p data
  estream domain add Lab --data data
  estream domain remove Lab --data data`, []string{"NAME"},
		func(cmd *cobra.Command, s *admin.Store, data string, args []string) (string, error) {
			clients, err := e.registered(data)
			if err != nil {
				return "", err
			}
			return "removed domain " + args[0], s.RemoveDomain(cmd.Context(), args[0], clients)
		})
}

func (e *env) domainAssign() *cobra.Command {
	return e.settingsCommand("assign DEVICE DOMAIN", "assign a managed device to a domain",
		`DEVICE is the name or the UUID of a managed device. An assignment takes the place of
the domain that the device's source is configured with, or that a Management Center
names.`, `  mkdir -p data
  estream domain add Lab --data data
  estream domain assign sensor-1 Lab --data data`, []string{"DEVICE", "DOMAIN"},
		func(cmd *cobra.Command, s *admin.Store, _ string, args []string) (string, error) {
			if args[1] == "" {
				return "", usagef("DOMAIN is empty; estream domain unassign takes an assignment back")
			}
			return fmt.Sprintf("device %s belongs to domain %s", args[0], args[1]), s.Assign(cmd.Context(), args[0], args[1])
		})
}

func (e *env) domainUnassign() *cobra.Command {
	return e.settingsCommand("unassign DEVICE", "let the domain of a device's source count again", "", `  mkdir -p data
  estream domain add Lab --data data
  estream domain assign sensor-1 Lab --data data
  estream domain unassign sensor-1 --data data`, []string{"DEVICE"},
		func(cmd *cobra.Command, s *admin.Store, _ string, args []string) (string, error) {
			return "device " + args[0] + " is assigned to no domain", s.Assign(cmd.Context(), args[0], "")
		})
}
