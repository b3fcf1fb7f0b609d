package cli

import (
	"errors"
	"fmt"
	"os"
	"time"

	"estream/admin"
	"estream/internal/durable"
	"estream/pki"

	"github.com/spf13/cobra"
)

func (e *env) clientAdd() *cobra.Command {
	var (
		data, passwordFile, out string
		n                       admin.NewClient
		settings                clientFlags
	)
	cmd := &cobra.Command{
		Use:   "add HOST",
		Short: "register a client and write its PKCS#12 file",
		Long: `add registers the client at HOST, the name or address from which the server sees
it connect (behind address translation: the translated one), and writes its
PKCS#12 file. A name that has no address now is refused unless --allow-unresolved is
given.

The file is encrypted with AES-256 and readable by OpenSSL 1.1 and newer; --legacy
encrypts with triple DES and SHA-1, which every OpenSSL reads. Without
--password-file the password is empty: whoever can read the file has the key.`,
		Example: `  estream client add 127.0.0.1 --data data -o client.pkcs12`,
		Args:    exactArgs("HOST"),
		RunE: func(cmd *cobra.Command, args []string) error {
			n.Host = args[0]
			if out == "" {
				return hint(usagef("-o FILE is missing: where to write the PKCS#12 file"), "%s", "estream client add "+n.Host+" --data DIR -o client.pkcs12")
			}
			var err error
			if n.ClientChange, err = settings.change(cmd); err != nil {
				return err
			}
			if n.Password, err = e.readPassword("--password-file", passwordFile); err != nil {
				return err
			}
			if err := newFile(out); err != nil {
				return err
			}
			s, err := e.openService(data, true)
			if err != nil {
				return err
			}
			reg, err := s.AddClient(cmd.Context(), n)
			switch {
			case errors.Is(err, pki.ErrRegistered):
				return hint(err, "if its PKCS#12 file is lost: estream client export %s --data %s -o FILE; for another certificate: estream client remove %s --data %s, then add it again; the old file stops working", n.Host, data, n.Host, data)
			case errors.Is(err, pki.ErrUnresolved):
				return hint(err, "correct the name or its DNS entry, register the address, or give --allow-unresolved")
			case err != nil:
				return refused(err)
			}
			e.warn(reg.Warnings)
			if err := durable.ReplaceFile(durable.OS{}, out, reg.PKCS12, 0o600); err != nil {
				// The registration must not stay behind without a file that anybody has.
				_, undo := s.RemoveClient(cmd.Context(), n.Host)
				return errors.Join(fmt.Errorf("write the PKCS#12 file: %w", err), undo)
			}
			fmt.Fprintf(e.stderr, "registered %s (serial %s, valid until %s); PKCS#12 file: %s\n", reg.Client.Host, reg.Client.Serial, reg.Client.NotAfter.Format(time.DateOnly), out)
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&data, "data", "", "the server's data `DIR`, created if missing")
	f.StringVar(&passwordFile, "password-file", "", "`FILE` whose first line encrypts the PKCS#12 file")
	f.BoolVar(&n.Legacy, "legacy", false, "encrypt in a way that every OpenSSL can read")
	f.BoolVar(&n.AllowUnresolved, "allow-unresolved", false, "register a name that has no address now")
	f.StringVarP(&out, "output", "o", "", "the PKCS#12 `FILE` to write")
	settings.add(cmd)
	return cmd
}

// newFile returns an error unless a file can be created at out.
func newFile(out string) error {
	if _, err := os.Stat(out); err == nil {
		return hint(fmt.Errorf("%s exists already", out), "give another name, or remove the file")
	}
	return parentExists("-o "+out, out)
}

func (e *env) warn(warnings []string) {
	for _, w := range warnings {
		fmt.Fprintf(e.stderr, "estream: warning: %s\n", w)
	}
}
