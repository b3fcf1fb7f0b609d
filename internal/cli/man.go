package cli

import (
	"cmp"
	"fmt"
	"strings"

	"estream/internal/manual"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Manual returns what the manual pages say of the command line: every command that the help shows, and the
// exit statuses, in lines of status, tab and meaning. The program itself has no use for it.
func Manual() (root manual.Command, exit string) {
	exit = fmt.Sprintf("%d\tthe command did what was asked\n"+
		"%d\tit failed; standard error says why\n"+
		"%d\tthe command line is wrong\n"+
		"%d\ta file that configures the command has a mistake\n", exitOK, exitFailed, exitUsage, exitConfig)
	return describe((&env{}).root()), exit
}

func describe(c *cobra.Command) manual.Command {
	d := manual.Command{
		Path:    c.CommandPath(),
		Args:    strings.TrimSpace(strings.TrimPrefix(c.Use, c.Name())),
		Short:   c.Short,
		Long:    c.Long,
		Example: c.Example,
	}
	d.Long = cmp.Or(d.Long, d.Short+".")
	c.InitDefaultHelpFlag()
	c.LocalFlags().VisitAll(appendTo(&d.Flags))
	c.InheritedFlags().VisitAll(appendTo(&d.Global))
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() { // neither hidden nor cobra's own help
			d.Commands = append(d.Commands, describe(sub))
		}
	}
	return d
}

// appendTo returns what appends a flag to list, unless the help hides it.
func appendTo(list *[]manual.Flag) func(*pflag.Flag) {
	return func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		arg, usage := pflag.UnquoteUsage(f)
		d := manual.Flag{Name: f.Name, Short: f.Shorthand, Arg: arg, Usage: usage}
		switch f.DefValue {
		case "", "0", "0s", "false", "[]": // nothing, as long as nobody sets the flag
		default:
			d.Default = strings.Trim(f.DefValue, "[]")
		}
		*list = append(*list, d)
	}
}
