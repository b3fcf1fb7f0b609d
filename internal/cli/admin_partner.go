package cli

import (
	"errors"
	"fmt"
	"os"

	"estream/admin"
	"estream/internal/durable"
	"estream/pki"

	"github.com/spf13/cobra"
)

func (e *env) adminPartner() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "partner",
		Short: "the server that registrations are replicated to",
		Long: `A server exchanges registrations (with their PKCS#12 files and settings), domains and
the assignment of devices with its partner, while both run: at once when something
changes here, and every 30 seconds to learn what changed there. What was done while
the partner was away is made up for. A removal always wins; of two changes to the
same thing the later one does. Role, event types, users and tokens are each server's
own.

Both servers need the same certificate authority: estream admin export --with-ca on
the first one, estream admin import on the second one before it has clients. It is
enough to configure the partner on one of the two.`,
		Example: `  mkdir -p data
  estream admin partner show --data data`,
		Args: noSuchCommand,
		RunE: func(cmd *cobra.Command, args []string) error { return cmd.Help() },
	}
	cmd.AddCommand(e.partnerSet(), e.partnerShow(), e.partnerRemove())
	return cmd
}

func (e *env) partnerSet() *cobra.Command {
	var tokenFile string
	cmd := e.settingsCommand("set URL", "replicate registrations to the server whose HTTP API is at URL",
		`URL is https://HOST:PORT, the address on which the partner's HTTP API listens. FILE
holds a token of the partner: estream admin token add NAME --scope replicate there.`, `  mkdir -p data
  estream admin token add first-server --scope replicate --data data > token
  estream admin partner set https://192.0.2.2:8303 --token-file token --data data`, []string{"URL"},
		func(cmd *cobra.Command, s *admin.Store, _ string, args []string) (string, error) {
			if tokenFile == "" {
				return "", usagef("--token-file FILE is missing: its first line is a token of the partner")
			}
			token, err := e.readPassword("--token-file", tokenFile)
			if err != nil {
				return "", err
			}
			return "registrations are replicated to " + args[0], s.SetPartner(cmd.Context(), &admin.Partner{URL: args[0], Token: token})
		})
	cmd.Flags().StringVar(&tokenFile, "token-file", "", "`FILE` whose first line is a token of the partner")
	return cmd
}

func (e *env) partnerShow() *cobra.Command {
	return e.settingsCommand("show", "show the partner", "", `  mkdir -p data
  estream admin partner show --data data`, nil,
		func(_ *cobra.Command, s *admin.Store, _ string, _ []string) (string, error) {
			set, err := s.Settings()
			if err != nil {
				return "", err
			}
			partner := "no partner is configured"
			if set.Partner != nil {
				partner = set.Partner.URL
			}
			_, err = fmt.Fprintln(e.stdout, partner)
			return "", err
		})
}

func (e *env) partnerRemove() *cobra.Command {
	return e.settingsCommand("remove", "end the replication", "", `  mkdir -p data
  estream admin token add first-server --scope replicate --data data > token
  estream admin partner set https://192.0.2.2:8303 --token-file token --data data
  estream admin partner remove --data data`, nil,
		func(cmd *cobra.Command, s *admin.Store, _ string, _ []string) (string, error) {
			return "registrations are replicated to nobody", s.SetPartner(cmd.Context(), nil)
		})
}

func (e *env) adminExport() *cobra.Command {
	var (
		data, out, passwordFile string
		withCA                  bool
	)
	cmd := &cobra.Command{
		Use:   "export",
		Short: "write all registrations into an encrypted file",
		Long: `export writes all registrations with their PKCS#12 files and settings, the domains and
the assignment of devices. The file is encrypted with AES-256 under the password.

With --with-ca the certificate authority and its private key are part of it, for a
partner or for a replacement of this server: whoever has such a file and its password
can issue certificates that the clients trust.`,
		Example: `  estream client add 127.0.0.1 --data data -o client.pkcs12
  echo "correct horse battery staple" > password
  estream admin export --with-ca --password-file password --data data -o registrations.json`,
		Args: exactArgs(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if out == "" {
				return usagef("-o FILE is missing: where to write the registrations")
			}
			password, err := e.needPassword(passwordFile, "the password that encrypts the file")
			if err != nil {
				return err
			}
			if err := newFile(out); err != nil {
				return err
			}
			s, err := e.openService(data, false)
			if err != nil {
				return err
			}
			file, err := s.Export(password, withCA)
			if err != nil {
				return refused(err)
			}
			if err := durable.ReplaceFile(durable.OS{}, out, file, 0o600); err != nil {
				return fmt.Errorf("write the registrations: %w", err)
			}
			fmt.Fprintf(e.stderr, "registrations: %s\n", out)
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&data, "data", "", "the server's data `DIR`")
	f.StringVarP(&out, "output", "o", "", "the `FILE` to write")
	f.StringVar(&passwordFile, "password-file", "", "`FILE` whose first line is the password")
	f.BoolVar(&withCA, "with-ca", false, "export the certificate authority and its private key, too")
	return cmd
}

func (e *env) adminImport() *cobra.Command {
	var data, passwordFile string
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "take over registrations that another server exported",
		Long: `import joins the registrations, domains and assignments in FILE with those that are
here; importing a file again changes nothing. Both servers need the same certificate
authority: a server without one takes it from a file that was exported with it.`,
		Example: `  estream client add 127.0.0.1 --data data -o client.pkcs12
  echo "correct horse battery staple" > password
  estream admin export --with-ca --password-file password --data data -o registrations.json
  estream admin import registrations.json --password-file password --data partner`,
		Args: exactArgs("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			password, err := e.needPassword(passwordFile, "the password of the export")
			if err != nil {
				return err
			}
			if data == "" {
				return usagef("--data DIR is missing: the server's data directory")
			}
			file, err := durable.ReadFile(durable.OS{}, args[0], admin.MaxExport)
			if err != nil {
				return err
			}
			exported, err := admin.ParseExport(file, password)
			if err != nil {
				return refused(fmt.Errorf("%s: %w", args[0], err))
			}
			if _, err := os.Stat(pkiDir(data)); errors.Is(err, os.ErrNotExist) {
				if err := exported.Install(cmd.Context(), pkiDir(data), pki.Options{Password: caPassword}); err != nil {
					return keyPasswordHint(refused(fmt.Errorf("%s: %w", args[0], err)))
				}
			}
			s, err := e.openService(data, false)
			if err != nil {
				return err
			}
			changed, err := s.Import(cmd.Context(), exported)
			if err != nil {
				return refused(fmt.Errorf("%s: %w", args[0], err))
			}
			fmt.Fprintf(e.stderr, "%d registrations in %s, %d of them new or changed here\n", len(exported.Registrations), args[0], len(changed))
			return nil
		},
	}
	cmd.Flags().StringVar(&data, "data", "", "the server's data `DIR`, created if the file contains the certificate authority")
	cmd.Flags().StringVar(&passwordFile, "password-file", "", "`FILE` whose first line is the password")
	return cmd
}
