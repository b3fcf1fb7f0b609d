package cli

import (
	"estream/format"
	"estream/format/cef"
	"estream/format/jsonl"

	"github.com/spf13/cobra"
)

// formatFlags are the flags that choose an output format.
type formatFlags struct {
	name   string
	prefix string
	fixed  bool // --prefix was given
}

func (f *formatFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&f.name, "format", "f", "json", "output `FORMAT`: json or cef")
	cmd.Flags().StringVar(&f.prefix, "prefix", "", "`TEXT` in place of the syslog prefix of cef lines (\"<13>Nov 21 10:00:00 host \")")
}

// format returns the format that the flags ask for.
func (f *formatFlags) format(cmd *cobra.Command) (format.Format, error) {
	f.fixed = cmd.Flags().Changed("prefix")
	switch f.name {
	case "json":
		if f.fixed {
			return nil, usagef("--prefix belongs to --format cef")
		}
		return jsonl.New(jsonl.Options{}), nil
	case "cef":
		opt := cef.Options{}
		if f.fixed {
			opt.Prefix = []byte(f.prefix)
		}
		return cef.New(opt), nil
	}
	return nil, usagef("--format is %q; expected json or cef", f.name)
}
