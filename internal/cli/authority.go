package cli

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"estream/pki"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Where commands and the server look for the password of the private keys.
const (
	caPasswordFileVar    = "ESTREAM_CA_PASSWORD_FILE"
	caPasswordVar        = "ESTREAM_CA_PASSWORD"
	caPasswordCredential = "ca-password"
)

// caPassword returns the password of the private keys, "" if none is configured: the
// first line of the file that $ESTREAM_CA_PASSWORD_FILE names, else the value of
// $ESTREAM_CA_PASSWORD, else the systemd credential ca-password.
func caPassword() (string, error) {
	if path := os.Getenv(caPasswordFileVar); path != "" {
		return caPasswordFile("$"+caPasswordFileVar, path)
	}
	if text := os.Getenv(caPasswordVar); text != "" {
		return text, nil
	}
	if dir := os.Getenv("CREDENTIALS_DIRECTORY"); dir != "" {
		path := filepath.Join(dir, caPasswordCredential)
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			return caPasswordFile("credential "+caPasswordCredential, path)
		}
	}
	return "", nil
}

func caPasswordFile(what, path string) (string, error) {
	text, _, err := pki.ReadPassword(path) // its warnings are for files that a person names
	if err == nil && text == "" {
		err = fmt.Errorf("the first line of %s is empty; expected the password", path)
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", what, err)
	}
	return text, nil
}

// An authorityFlags is what all commands below "estream ca" take.
type authorityFlags struct{ data, passwordFile string }

func (f *authorityFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.data, "data", "", "the server's data `DIR`")
	flags.StringVar(&f.passwordFile, "password-file", "", "`FILE` whose first line is the password of the keys (default: see estream ca --help)")
}

// open opens the authority of a data directory that exists, also an expired one.
func (f *authorityFlags) open(e *env) (*pki.Authority, error) {
	if f.data == "" {
		return nil, usagef("--data DIR is missing: the server's data directory")
	}
	dir := pkiDir(f.data)
	if _, err := os.Stat(dir); err != nil {
		return nil, hint(fmt.Errorf("--data %s: no server has its certificates there: %w", f.data, err), "give the directory that estream serve and estream client add have as --data")
	}
	log, err := e.logger()
	if err != nil {
		return nil, err
	}
	password := caPassword
	if f.passwordFile != "" {
		password = func() (string, error) { return caPasswordFile("--password-file", f.passwordFile) }
	}
	a, err := pki.Open(dir, pki.Options{Logger: log, Password: password, Expired: true})
	if err != nil {
		return nil, keyPasswordHint(fmt.Errorf("--data %s: %w", f.data, err))
	}
	return a, nil
}

// keyPasswordHint says where the password of the keys may be, if it is what is wanting.
func keyPasswordHint(err error) error {
	if !errors.Is(err, pki.ErrKeyPassword) {
		return err
	}
	return hint(err, "name the file with the password in $%s, or put it into $%s or the systemd credential %s", caPasswordFileVar, caPasswordVar, caPasswordCredential)
}

func (e *env) authority() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ca",
		Short: "the authority that issues a server's certificates",
		Long: `A server has a certificate authority of its own, which issues its certificate and
those of its clients. These commands work on the server's data directory, with or
without the server running; a running server follows within a second, and no
session ends that need not.

If the private keys are encrypted, the password is the first line of the file that
$` + caPasswordFileVar + ` names, or the value of $` + caPasswordVar + `, or the
systemd credential ` + caPasswordCredential + `; the server and every command look there.`,
		Example: `  estream client add 127.0.0.1 --data data -o client.pkcs12
  estream ca show --data data`,
		Args: noSuchCommand,
		RunE: func(cmd *cobra.Command, args []string) error { return cmd.Help() },
	}
	cmd.AddCommand(e.authorityShow(), e.authorityRotate(), e.authorityRetire(), e.authorityRenew(), e.authorityEncrypt(), e.authorityDecrypt())
	return cmd
}

// A shownCertificate is one in the output of "estream ca show".
type shownCertificate struct {
	Role     string    `json:"role"` // ca, retired ca, previous ca, server, next server
	Name     string    `json:"name"`
	Serial   string    `json:"serial"`
	SHA256   string    `json:"sha256"` // of the certificate, in hexadecimal: what pins hold
	NotAfter time.Time `json:"not_after"`
	Clients  []string  `json:"clients,omitempty"` // with certificates of this CA
}

func show(role string, cert *x509.Certificate, until time.Time) shownCertificate {
	sum := sha256.Sum256(cert.Raw)
	return shownCertificate{
		Role: role, Name: cert.Subject.CommonName, Serial: fmt.Sprintf("%032x", cert.SerialNumber),
		SHA256: hex.EncodeToString(sum[:]), NotAfter: until.UTC(),
	}
}

func shownCertificates(a *pki.Authority, now time.Time) ([]shownCertificate, error) {
	cas, err := a.CAs()
	if err != nil {
		return nil, err
	}
	var list []shownCertificate
	expired := false
	for _, ca := range cas {
		role := "previous ca"
		switch {
		case ca.Current:
			role, expired = "ca", now.After(ca.Until)
		case now.After(ca.Until):
			role = "retired ca"
		}
		s := show(role, ca.Certificate, ca.Until)
		s.Clients = ca.Clients
		list = append(list, s)
	}
	if expired {
		return list, nil // then there is no server certificate
	}
	server, next, err := a.ServerCertificates()
	if err != nil {
		return nil, err
	}
	list = append(list, show("server", server, server.NotAfter))
	if next != nil {
		list = append(list, show("next server", next, next.NotAfter))
	}
	return list, nil
}

func (e *env) authorityShow() *cobra.Command {
	var (
		flags  authorityFlags
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "show",
		Short: "show the certificates of a server's authority",
		Long: `show lists the authority's certificates and the server's, until when each is
accepted, and how many clients have certificates of each authority. The server's
digest is what a client pins that does not verify it by the authority.`,
		Example: `  estream client add 127.0.0.1 --data data -o client.pkcs12
  estream ca show --data data`,
		Args: exactArgs(),
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := flags.open(e)
			if err != nil {
				return err
			}
			list, err := shownCertificates(a, time.Now())
			if err != nil {
				return err
			}
			if asJSON {
				enc := json.NewEncoder(e.stdout)
				enc.SetIndent("", "  ")
				return enc.Encode(struct {
					Encrypted    bool               `json:"encrypted"`
					Certificates []shownCertificate `json:"certificates"`
				}{a.Encrypted(), list})
			}
			w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "ROLE\tNAME\tUNTIL\tCLIENTS\tSHA-256")
			for _, s := range list {
				clients := ""
				if strings.HasSuffix(s.Role, "ca") {
					clients = strconv.Itoa(len(s.Clients))
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", s.Role, s.Name, s.NotAfter.Format(time.RFC3339), clients, s.SHA256)
			}
			if err := w.Flush(); err != nil {
				return err
			}
			_, err = fmt.Fprintf(e.stdout, "private keys: %s\n", map[bool]string{true: "encrypted", false: "not encrypted"}[a.Encrypted()])
			return err
		},
	}
	flags.register(cmd.Flags())
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
