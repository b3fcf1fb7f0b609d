package cli

import (
	"fmt"
	"strconv"
	"text/tabwriter"
	"time"

	"estream/admin"

	"github.com/spf13/cobra"
)

func (e *env) adminUser() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "user",
		Short: "users who may log in to the HTTP API",
		Example: `  mkdir -p data
  estream admin user list --data data`,
		Args: noSuchCommand,
		RunE: func(cmd *cobra.Command, args []string) error { return cmd.Help() },
	}
	cmd.AddCommand(e.userAdd(), e.userPassword(), e.userRemove(), e.userList())
	return cmd
}

// needPassword reads a password that has to be given.
func (e *env) needPassword(path, what string) (string, error) {
	if path == "" {
		return "", usagef("--password-file FILE is missing: its first line is %s", what)
	}
	return e.readPassword("--password-file", path)
}

func (e *env) userAdd() *cobra.Command {
	var (
		readOnly     bool
		passwordFile string
	)
	cmd := e.settingsCommand("add NAME", "add a user", "", `  mkdir -p data
  echo "correct horse battery staple" > password
  estream admin user add alice --password-file password --data data`, []string{"NAME"},
		func(cmd *cobra.Command, s *admin.Store, _ string, args []string) (string, error) {
			password, err := e.needPassword(passwordFile, "the user's password")
			if err != nil {
				return "", err
			}
			scope := admin.ScopeAdmin
			if readOnly {
				scope = admin.ScopeRead
			}
			return fmt.Sprintf("added user %s with scope %s", args[0], scope), s.AddUser(cmd.Context(), args[0], scope, password)
		})
	cmd.Flags().BoolVar(&readOnly, "read-only", false, "the user may look, but change nothing and download no keys")
	cmd.Flags().StringVar(&passwordFile, "password-file", "", "`FILE` whose first line is the password")
	return cmd
}

func (e *env) userPassword() *cobra.Command {
	var passwordFile string
	cmd := e.settingsCommand("password NAME", "set a user's password and end all logins of the user", "", `  mkdir -p data
  echo "correct horse battery staple" > password
  estream admin user add alice --password-file password --data data
  echo "another horse, another battery" > password
  estream admin user password alice --password-file password --data data`, []string{"NAME"},
		func(cmd *cobra.Command, s *admin.Store, _ string, args []string) (string, error) {
			password, err := e.needPassword(passwordFile, "the user's new password")
			if err != nil {
				return "", err
			}
			return "set the password of " + args[0], s.SetPassword(cmd.Context(), args[0], password)
		})
	cmd.Flags().StringVar(&passwordFile, "password-file", "", "`FILE` whose first line is the password")
	return cmd
}

func (e *env) userRemove() *cobra.Command {
	return e.settingsCommand("remove NAME", "remove a user and end all logins of the user", "", `  mkdir -p data
  echo "correct horse battery staple" > password
  estream admin user add alice --password-file password --data data
  estream admin user remove alice --data data`, []string{"NAME"},
		func(cmd *cobra.Command, s *admin.Store, _ string, args []string) (string, error) {
			return "removed user " + args[0], s.RemoveUser(cmd.Context(), args[0])
		})
}

func (e *env) userList() *cobra.Command {
	return e.settingsCommand("list", "list the users", "", `  mkdir -p data
  estream admin user list --data data`, nil,
		func(_ *cobra.Command, s *admin.Store, _ string, _ []string) (string, error) {
			set, err := s.Settings()
			if err != nil {
				return "", err
			}
			w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "USER\tSCOPE\tPASSWORD SET")
			for _, u := range set.Users {
				fmt.Fprintf(w, "%s\t%s\t%s\n", u.Name, u.Scope, u.Changed.Format(time.RFC3339))
			}
			return "", w.Flush()
		})
}

func (e *env) adminToken() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "token",
		Short: "tokens for programs that use the HTTP API",
		Example: `  mkdir -p data
  estream admin token list --data data`,
		Args: noSuchCommand,
		RunE: func(cmd *cobra.Command, args []string) error { return cmd.Help() },
	}
	cmd.AddCommand(e.tokenAdd(), e.tokenRemove(), e.tokenList())
	return cmd
}

func (e *env) tokenAdd() *cobra.Command {
	var (
		scope string
		days  int
	)
	cmd := e.settingsCommand("add NAME", "make a token and print it", `The token is printed on standard output, this once only. NAME says what it is for.
Scopes: admin may do everything, read may look, replicate may exchange registrations
as a partner.`, `  mkdir -p data
  estream admin token add backup-server --scope replicate --data data > token`, []string{"NAME"},
		func(cmd *cobra.Command, s *admin.Store, _ string, args []string) (string, error) {
			if days < 0 || days > 36500 {
				return "", usagef("--days is %d; expected 0 (for ever) to 36500", days)
			}
			token, t, err := s.AddToken(cmd.Context(), args[0], admin.Scope(scope), time.Duration(days)*24*time.Hour)
			if err != nil {
				return "", err
			}
			if _, err := fmt.Fprintln(e.stdout, token); err != nil {
				return "", fmt.Errorf("print the token: %w", err)
			}
			return fmt.Sprintf("made token %s with scope %s", t.ID, t.Scope), nil
		})
	cmd.Flags().StringVar(&scope, "scope", string(admin.ScopeRead), "`SCOPE`: admin, read or replicate")
	cmd.Flags().IntVar(&days, "days", 0, "`N` days after which it ends (default: never)")
	return cmd
}

func (e *env) tokenRemove() *cobra.Command {
	return e.settingsCommand("remove ID", "accept a token no longer", "", `  mkdir -p data
  estream admin token add backup-server --data data > token
  estream admin token remove "$(cut -d_ -f2 token)" --data data`, []string{"ID"},
		func(cmd *cobra.Command, s *admin.Store, _ string, args []string) (string, error) {
			return "removed token " + args[0], s.RemoveToken(cmd.Context(), args[0])
		})
}

func (e *env) tokenList() *cobra.Command {
	return e.settingsCommand("list", "list the tokens", "", `  mkdir -p data
  estream admin token list --data data`, nil,
		func(_ *cobra.Command, s *admin.Store, _ string, _ []string) (string, error) {
			set, err := s.Settings()
			if err != nil {
				return "", err
			}
			w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "ID\tSCOPE\tMADE\tENDS\tNAME")
			for _, t := range set.Tokens {
				ends := "never"
				if !t.Expires.IsZero() {
					ends = t.Expires.Format(time.RFC3339)
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", t.ID, t.Scope, t.Created.Format(time.RFC3339), ends, strconv.Quote(t.Name))
			}
			return "", w.Flush()
		})
}
