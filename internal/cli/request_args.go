package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// scriptOptions are the options of ssl_test.pl. A shortened name means one of them
// wherever it can, however many options of ours begin the same way: -f is the file, not
// --flags.
var scriptOptions = []string{"domain", "file", "host", "ipv6", "output", "password", "pkcs12", "port", "start", "verbose"}

// parseScriptArgs sets flags from a command line as Perl's Getopt::Long takes it for
// ssl_test.pl: one dash or two, names in any case and shortened, values after a blank or
// "=", options before and after the other arguments, which it returns. An argument "--"
// ends the options.
func parseScriptArgs(flags *pflag.FlagSet, args []string) (rest []string, err error) {
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			return append(rest, args[i+1:]...), nil
		}
		if len(arg) < 2 || arg[0] != '-' {
			rest = append(rest, arg)
			continue
		}
		name, value, has := strings.Cut(strings.TrimPrefix(arg[1:], "-"), "=")
		f, err := scriptFlag(flags, name)
		if err != nil {
			return nil, err
		}
		switch {
		case has:
		case f.NoOptDefVal != "":
			value = f.NoOptDefVal
		case i+1 == len(args) || args[i+1] == "--":
			return nil, usagef("option %s requires an argument: %s", f.Name, strings.Join(strings.Fields(usageOf(f)), " "))
		default:
			i++
			value = args[i]
		}
		if err := flags.Set(f.Name, value); err != nil {
			return nil, &usageError{plainNumber(err)}
		}
	}
	return rest, nil
}

func usageOf(f *pflag.Flag) string {
	name, text := pflag.UnquoteUsage(f)
	return fmt.Sprintf("--%s %s, %s", f.Name, name, text)
}

// scriptFlag finds an option by its name or the beginning of it.
func scriptFlag(flags *pflag.FlagSet, name string) (*pflag.Flag, error) {
	name = strings.ToLower(name)
	var exact *pflag.Flag
	var theirs, ours []string
	flags.VisitAll(func(f *pflag.Flag) {
		switch {
		case f.Name == name:
			exact = f
		case name == "" || !strings.HasPrefix(f.Name, name):
		case slices.Contains(scriptOptions, f.Name):
			theirs = append(theirs, f.Name)
		default:
			ours = append(ours, f.Name)
		}
	})
	if exact != nil {
		return exact, nil
	}
	candidates := theirs
	if len(candidates) == 0 {
		candidates = ours
	}
	slices.Sort(candidates)
	switch len(candidates) {
	case 0:
		return nil, hint(usagef("unknown option: %s", name), "estream request --help lists the options")
	case 1:
		return flags.Lookup(candidates[0]), nil
	}
	return nil, usagef("option %s is ambiguous (%s)", name, strings.Join(candidates, ", "))
}
