package cli

import (
	"errors"
	"fmt"
	"os"

	"estream/admin"

	"github.com/spf13/cobra"
)

func (e *env) admin() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "admin",
		Short: "administer a server: role, users of its HTTP API, partner, export and import",
		Long: `These commands work on the server's data directory, with or without the server
running; a running server takes part within half a second. The same can be done with
its HTTP API: docs/admin-api.md.`,
		Example: `  mkdir -p data
  estream admin role --data data`,
		Args: noSuchCommand,
		RunE: func(cmd *cobra.Command, args []string) error { return cmd.Help() },
	}
	cmd.AddCommand(e.adminRole(), e.adminUser(), e.adminToken(), e.adminPartner(), e.adminExport(), e.adminImport())
	return cmd
}

// openSettings opens the settings of a server's data directory, which has to be there:
// a mistyped name must not look like a server with all defaults.
func (e *env) openSettings(data string) (*admin.Store, error) {
	if data == "" {
		return nil, usagef("--data DIR is missing: the server's data directory")
	}
	if info, err := os.Stat(data); err != nil || !info.IsDir() {
		if err == nil {
			err = errors.New("it is not a directory")
		}
		return nil, hint(fmt.Errorf("--data %s: %w", data, err), "give the directory that estream serve has as --data")
	}
	log, err := e.logger()
	if err != nil {
		return nil, err
	}
	s, err := admin.Open(data, admin.Options{Log: log})
	if err != nil {
		return nil, fmt.Errorf("--data %s: %w", data, err)
	}
	return s, nil
}

// settings returns what openSettings finds.
func (e *env) settings(data string) (*admin.Settings, error) {
	s, err := e.openSettings(data)
	if err != nil {
		return nil, err
	}
	return s.Settings()
}

// openService opens settings and certificates. Only with create may the latter be new.
func (e *env) openService(data string, create bool) (*admin.Service, error) {
	a, err := e.openAuthority(data, create)
	if err != nil {
		return nil, err
	}
	s, err := e.openSettings(data)
	if err != nil {
		return nil, err
	}
	return &admin.Service{Store: s, Authority: a}, nil
}

// refused puts a problem of the administration into the form of this program: its cure
// becomes the hint, and what can never be right is a mistake in the command line.
func refused(err error) error {
	var p *admin.Problem
	if !errors.As(err, &p) {
		return err
	}
	if p.Kind == admin.Invalid {
		err = &usageError{err}
	}
	if p.Do == "" {
		return err
	}
	return hint(err, "%s", p.Do)
}

func (e *env) adminRole() *cobra.Command {
	var data string
	cmd := &cobra.Command{
		Use:   "role [center|device]",
		Short: "show or choose the role of a server",
		Long: `A server with the role "center" (the default) has all event types, as a Management
Center. One with the role "device" streams intrusion events with their packets and
extra data only, as a managed device.`,
		Example: `  mkdir -p data
  estream admin role device --data data
  estream admin role --data data`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := e.openSettings(data)
			if err != nil {
				return err
			}
			if len(args) == 1 {
				if err := s.SetRole(cmd.Context(), args[0]); err != nil {
					return refused(err)
				}
			}
			set, err := s.Settings()
			if err != nil {
				return err
			}
			if len(args) == 1 {
				fmt.Fprintf(e.stderr, "role %s; captured and sent: %s\n", set.Role, s.Boxes())
				return nil
			}
			fmt.Fprintln(e.stdout, set.Role)
			return nil
		},
	}
	cmd.Flags().StringVar(&data, "data", "", "the server's data `DIR`")
	return cmd
}
