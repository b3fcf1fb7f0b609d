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

	"estream/internal/durable"
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
	a, err := pki.Open(pkiDir(data), pki.Options{Logger: log})
	if err != nil {
		return nil, fmt.Errorf("--data %s: %w", data, err)
	}
	return a, nil
}

func (e *env) client() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "client",
		Short: "register, list and remove the clients of a server",
		Long: `A server streams to registered clients only. Registering a client issues a PKCS#12
file with its key, its certificate and the certificate of the server's authority.
Removing it revokes the certificate at once, also in sessions that are running.
These commands work on the server's data directory, with or without the server
running.`,
		Example: `  estream client add 127.0.0.1 --data data -o client.pkcs12
  estream client list --data data`,
		Args: noSuchCommand,
		RunE: func(cmd *cobra.Command, args []string) error { return cmd.Help() },
	}
	cmd.AddCommand(e.clientAdd(), e.clientList(), e.clientRemove())
	return cmd
}

func (e *env) clientAdd() *cobra.Command {
	var (
		data, passwordFile, out string
		legacy                  bool
	)
	cmd := &cobra.Command{
		Use:   "add HOST",
		Short: "register a client and write its PKCS#12 file",
		Long: `add registers the client at HOST, the name or address from which the server sees
it connect (behind address translation: the translated one), and writes its
PKCS#12 file.

The file is encrypted with AES-256 and readable by OpenSSL 1.1 and newer; --legacy
encrypts with triple DES and SHA-1, which every OpenSSL reads. Without
--password-file the password is empty: whoever can read the file has the key.`,
		Example: `  estream client add 127.0.0.1 --data data -o client.pkcs12`,
		Args:    exactArgs("HOST"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if out == "" {
				return hint(usagef("-o FILE is missing: where to write the PKCS#12 file"), "%s", "estream client add "+args[0]+" --data DIR -o client.pkcs12")
			}
			password, err := e.readPassword(passwordFile)
			if err != nil {
				return err
			}
			if _, err := os.Stat(out); err == nil {
				return hint(fmt.Errorf("%s exists already", out), "give another name, or remove the file")
			}
			if err := parentExists("-o "+out, out); err != nil {
				return err
			}
			a, err := e.openAuthority(data, true)
			if err != nil {
				return err
			}
			reg, err := a.Register(cmd.Context(), args[0], pki.RegisterOptions{Password: password, Legacy: legacy})
			switch {
			case errors.Is(err, pki.ErrHost):
				return &usageError{err}
			case errors.Is(err, pki.ErrRegistered):
				return hint(fmt.Errorf("client %s is registered already", args[0]), "if its PKCS#12 file is lost: estream client remove %s --data %s, then add it again; the lost file stops working", args[0], data)
			case err != nil:
				return err
			}
			for _, w := range reg.Warnings {
				fmt.Fprintf(e.stderr, "estream: warning: %s\n", w)
			}
			if err := durable.ReplaceFile(durable.OS{}, out, reg.PKCS12, 0o600); err != nil {
				// The registration must not stay behind without a file that anybody has.
				_, undo := a.Remove(cmd.Context(), args[0])
				return errors.Join(fmt.Errorf("write the PKCS#12 file: %w", err), undo)
			}
			fmt.Fprintf(e.stderr, "registered %s (serial %s, valid until %s); PKCS#12 file: %s\n", reg.Client.Host, reg.Client.Serial, reg.Client.NotAfter.Format(time.DateOnly), out)
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&data, "data", "", "the server's data `DIR`, created if missing")
	f.StringVar(&passwordFile, "password-file", "", "`FILE` whose first line encrypts the PKCS#12 file")
	f.BoolVar(&legacy, "legacy", false, "encrypt in a way that every OpenSSL can read")
	f.StringVarP(&out, "output", "o", "", "the PKCS#12 `FILE` to write")
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
			fmt.Fprintln(w, "HOST\tSERIAL\tREGISTERED\tVALID UNTIL\tSTATE")
			for _, c := range shown {
				state := "registered"
				if !c.Revoked.IsZero() {
					state = "removed " + c.Revoked.Format(time.RFC3339)
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", c.Host, c.Serial, c.Created.Format(time.RFC3339), c.NotAfter.Format(time.DateOnly), state)
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

// readPassword reads the first line of a file; no file is an empty password.
func (e *env) readPassword(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	password, warnings, err := pki.ReadPassword(path)
	if err != nil {
		return "", fmt.Errorf("--password-file: %w", err)
	}
	for _, w := range warnings {
		fmt.Fprintf(e.stderr, "estream: warning: %s\n", w)
	}
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
