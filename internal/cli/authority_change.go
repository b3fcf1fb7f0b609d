package cli

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"estream/pki"

	"github.com/spf13/cobra"
)

// A days is a flag value like 90d, or a duration as Go writes it, such as 36h.
type days time.Duration

const day = 24 * time.Hour

func (d *days) String() string {
	if v := time.Duration(*d); v%day != 0 {
		return v.String()
	}
	return strconv.FormatInt(int64(time.Duration(*d)/day), 10) + "d"
}

func (d *days) Set(text string) error {
	if number, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.ParseUint(number, 10, 32)
		if err != nil || n > math.MaxInt64/uint64(day) {
			return errors.New("expected a number of days, such as 90d")
		}
		*d = days(time.Duration(n) * day)
		return nil
	}
	v, err := time.ParseDuration(text)
	if err != nil || v < 0 {
		return errors.New("expected a time such as 90d or 12h, or 0")
	}
	*d = days(v)
	return nil
}

func (d *days) Type() string { return "DURATION" }

func (e *env) authorityRotate() *cobra.Command {
	var flags authorityFlags
	grace := days(365 * day)
	cmd := &cobra.Command{
		Use:   "rotate",
		Short: "replace the authority by a new one",
		Long: `rotate makes a new authority, which issues all certificates from now on. Files of
clients that are registered already go on working for the grace period, and so
does what these clients know of the server; register them anew before it ends.
"estream ca show" tells which are left.

With --grace 0 they stop working at once and their sessions end: for a key that
became known to others.`,
		Example: `  estream client add 127.0.0.1 --data data -o client.pkcs12
  estream ca rotate --data data --grace 90d`,
		Args: exactArgs(),
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := flags.open(e)
			if err != nil {
				return err
			}
			if err := a.Rotate(cmd.Context(), time.Duration(grace)); err != nil {
				if errors.Is(err, pki.ErrRotating) {
					return hint(err, "estream ca retire --data %s ends the time of the earlier one", flags.data)
				}
				return keyPasswordHint(err)
			}
			fmt.Fprintf(e.stderr, "new authority: %s\n", a.CACertificate().Subject.CommonName)
			cas, err := a.CAs()
			if err != nil {
				return err
			}
			if len(cas) > 1 && len(cas[1].Clients) > 0 {
				until := "until " + cas[1].Until.UTC().Format(time.RFC3339)
				if time.Now().After(cas[1].Until) {
					until = "no more"
				}
				fmt.Fprintf(e.stderr, "clients with files of the earlier authority are admitted %s; register them anew: %s\n", until, strings.Join(cas[1].Clients, " "))
			}
			return nil
		},
	}
	flags.register(cmd.Flags())
	cmd.Flags().Var(&grace, "grace", "`TIME` for which files of the earlier authority go on working, such as 90d; 0: not at all")
	return cmd
}

func (e *env) authorityRetire() *cobra.Command {
	var flags authorityFlags
	cmd := &cobra.Command{
		Use:   "retire",
		Short: "end the grace period of the earlier authority",
		Long: `retire ends the grace period after a rotation now: clients with files of the
earlier authority are refused, their sessions end, and its key is deleted.`,
		Example: `  estream client add 127.0.0.1 --data data -o client.pkcs12
  estream ca rotate --data data
  estream ca retire --data data`,
		Args: exactArgs(),
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := flags.open(e)
			if err != nil {
				return err
			}
			retired, err := a.Retire(cmd.Context())
			if err != nil {
				return keyPasswordHint(err)
			}
			if !retired {
				return hint(errors.New("no earlier authority is accepted, so there is none to retire"), "estream ca show --data %s lists all", flags.data)
			}
			fmt.Fprintln(e.stderr, "the earlier authority is retired")
			return nil
		},
	}
	flags.register(cmd.Flags())
	return cmd
}

func (e *env) authorityRenew() *cobra.Command {
	var flags authorityFlags
	cmd := &cobra.Command{
		Use:   "renew",
		Short: "issue a new server certificate",
		Long: `renew gives the server a new key and certificate now. It renews them by itself a
month before they expire. Clients that verify the server by its authority notice
nothing; those that pinned the certificate have to accept the new one, whose
digest is printed.`,
		Example: `  estream client add 127.0.0.1 --data data -o client.pkcs12
  estream ca renew --data data`,
		Args: exactArgs(),
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := flags.open(e)
			if err != nil {
				return err
			}
			if err := a.RenewServer(cmd.Context()); err != nil {
				return keyPasswordHint(err)
			}
			cert, _, err := a.ServerCertificates()
			if err != nil {
				return err
			}
			fmt.Fprintf(e.stderr, "new server certificate, valid until %s, sha256:%s\n", cert.NotAfter.Format(time.DateOnly), show("server", cert, cert.NotAfter).SHA256)
			return nil
		},
	}
	flags.register(cmd.Flags())
	return cmd
}

func (e *env) authorityEncrypt() *cobra.Command {
	var (
		flags   authorityFlags
		newFile string
	)
	cmd := &cobra.Command{
		Use:   "encrypt",
		Short: "encrypt the private keys, or change their password",
		Long: `encrypt stores all private keys under a password: those of the authority and of
the server with AES-256 as PKCS#8, and the clients' files that the server keeps. Of
keys that are encrypted already it changes the password. A running server goes on;
give it the new password before it starts again (see estream ca --help).

Old copies, in backups and in what the disk has not overwritten, stay as they are.`,
		Example: `  estream client add 127.0.0.1 --data data -o client.pkcs12
  echo swordfish > password
  chmod 600 password
  estream ca encrypt --data data --new-password-file password`,
		Args: exactArgs(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if newFile == "" {
				return usagef("--new-password-file FILE is missing: a file whose first line is to be the password")
			}
			password, err := e.readPassword("--new-password-file", newFile)
			if err != nil {
				return err
			}
			a, err := flags.open(e)
			if err != nil {
				return err
			}
			if err := a.Encrypt(cmd.Context(), password); err != nil {
				return keyPasswordHint(err)
			}
			fmt.Fprintf(e.stderr, "the private keys are encrypted; the server finds the password by $%s, $%s or the systemd credential %s\n", caPasswordFileVar, caPasswordVar, caPasswordCredential)
			return nil
		},
	}
	flags.register(cmd.Flags())
	cmd.Flags().StringVar(&newFile, "new-password-file", "", "`FILE` whose first line is the new password")
	return cmd
}

func (e *env) authorityDecrypt() *cobra.Command {
	var flags authorityFlags
	cmd := &cobra.Command{
		Use:   "decrypt",
		Short: "store the private keys without a password",
		Long: `decrypt stores all private keys without a password again. The files can then be
read by whoever can read the data directory.`,
		Example: `  estream client add 127.0.0.1 --data data -o client.pkcs12
  estream ca decrypt --data data`,
		Args: exactArgs(),
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := flags.open(e)
			if err != nil {
				return err
			}
			if err := a.Decrypt(cmd.Context()); err != nil {
				return keyPasswordHint(err)
			}
			fmt.Fprintln(e.stderr, "the private keys are not encrypted")
			return nil
		},
	}
	flags.register(cmd.Flags())
	return cmd
}
