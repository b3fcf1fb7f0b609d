package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"estream/admin"
	"estream/pki"

	"github.com/spf13/cobra"
)

// pkiDir is where a server's data directory keeps certificates and registrations.
func pkiDir(data string) string { return filepath.Join(data, "pki") }

// openAuthority opens the certificates of a server's data directory. Only with
// create may it be a new one: a mistyped name must not look like a server
// without clients.
func (e *env) openAuthority(data string, create bool) (*pki.Authority, error) {
	if data == "" {
		return nil, usagef("--data DIR is missing: the server's data directory")
	}
	if _, err := os.Stat(pkiDir(data)); err != nil && !create {
		return nil, hint(fmt.Errorf("--data %s: no server has its certificates there: %w", data, err), "give the directory that estream serve and estream client add have as --data")
	}
	log, err := e.logger()
	if err != nil {
		return nil, err
	}
	a, err := pki.Open(pkiDir(data), pki.Options{Logger: log, Password: caPassword})
	if err != nil {
		return nil, keyPasswordHint(fmt.Errorf("--data %s: %w", data, err))
	}
	return a, nil
}

func (e *env) client() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "client",
		Short: "register, change, list and remove the clients of a server",
		Long: `A server streams to registered clients only. Registering a client issues a PKCS#12
file with its key, its certificate and the certificate of the server's authority.
Removing it revokes the certificate at once, also in sessions that are running. What
a client may see can be changed at any time; its sessions end if they may not go on
as they are. These commands work on the server's data directory, with or without the
server running.`,
		Example: `  estream client add 127.0.0.1 --data data -o client.pkcs12
  estream client list --data data`,
		Args: noSuchCommand,
		RunE: func(cmd *cobra.Command, args []string) error { return cmd.Help() },
	}
	cmd.AddCommand(e.clientAdd(), e.clientSet(), e.clientExport(), e.clientList(), e.clientRemove())
	return cmd
}

func (e *env) clientList() *cobra.Command {
	var (
		data   string
		asJSON bool
		all    bool
	)
	cmd := &cobra.Command{
		Use:   "list",
		Short: "list the registered clients",
		Example: `  estream client add 127.0.0.1 --data data -o client.pkcs12
  estream client list --data data
  estream client list --data data --all --json`,
		Args: exactArgs(),
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := e.openAuthority(data, false)
			if err != nil {
				return err
			}
			list, err := a.List()
			if err != nil {
				return err
			}
			shown := make([]pki.Client, 0, len(list))
			for _, c := range list {
				if all || c.Revoked.IsZero() {
					shown = append(shown, c)
				}
			}
			if asJSON {
				enc := json.NewEncoder(e.stdout)
				enc.SetIndent("", "  ")
				return enc.Encode(shown)
			}
			w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "HOST\tSERIAL\tREGISTERED\tVALID UNTIL\tDOMAIN\tSTATE")
			for _, c := range shown {
				state := "registered"
				if !c.Revoked.IsZero() {
					state = "removed " + c.Revoked.Format(time.RFC3339)
				}
				domain := c.Domain
				if domain == "" {
					domain = admin.Global
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", c.Host, c.Serial, c.Created.Format(time.RFC3339), c.NotAfter.Format(time.DateOnly), domain, state)
			}
			return w.Flush()
		},
	}
	cmd.Flags().StringVar(&data, "data", "", "the server's data `DIR`")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&all, "all", false, "list removed clients, too")
	return cmd
}

func (e *env) clientRemove() *cobra.Command {
	var data string
	cmd := &cobra.Command{
		Use:   "remove HOST",
		Short: "remove a client and revoke its certificate at once",
		Example: `  estream client add 127.0.0.1 --data data -o client.pkcs12
  estream client remove 127.0.0.1 --data data`,
		Args: exactArgs("HOST"),
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := e.openAuthority(data, false)
			if err != nil {
				return err
			}
			c, err := a.Remove(cmd.Context(), args[0])
			if errors.Is(err, pki.ErrNotRegistered) {
				return hint(err, "estream client list --data %s shows who is", data)
			}
			if err != nil {
				return err
			}
			fmt.Fprintf(e.stderr, "removed %s; its certificate (serial %s) is revoked\n", c.Host, c.Serial)
			return nil
		},
	}
	cmd.Flags().StringVar(&data, "data", "", "the server's data `DIR`")
	return cmd
}

// readPassword reads the first line of the file that a flag names; no file is an empty
// password.
func (e *env) readPassword(flag, path string) (string, error) {
	if path == "" {
		return "", nil
	}
	password, warnings, err := pki.ReadPassword(path)
	if err != nil {
		return "", fmt.Errorf("%s: %w", flag, err)
	}
	e.warn(warnings)
	return password, nil
}

// parentExists checks that a file can be created at path; what names it in the error.
func parentExists(what, path string) error {
	dir := filepath.Dir(path)
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return hint(fmt.Errorf("%s: %w", what, err), "create the directory %s first", dir)
	case err != nil:
		return fmt.Errorf("%s: %w", what, err)
	case !info.IsDir():
		return fmt.Errorf("%s: %s is not a directory", what, dir)
	}
	return nil
}
