package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// links are the names of older programs to which this one answers, with the command
// that does what they did.
var links = map[string]string{
	"encore.sh": "encore", "manage_estreamer.pl": "manage", "sfestreamer": "sfestreamer", "ssl_test": "request", "ssl_test.pl": "request",
}

// calledAs returns the arguments that a call under an older name means.
func calledAs(name string, args []string) []string {
	name = strings.TrimSuffix(filepath.Base(name), ".exe")
	if command, ok := links[name]; ok {
		return append([]string{command}, args...)
	}
	return args
}

func (e *env) links() *cobra.Command {
	return &cobra.Command{
		Use:   "links DIR",
		Short: "make links under the names of the programs that estream replaces",
		Long: `links makes symbolic links in a directory under the old names, such as encore.sh, to
which this program answers as those did: scripts and jobs that call them need no
change. A file that stands there is not touched.`,
		Example: `  mkdir eStreamer-eNcore
  estream links eStreamer-eNcore
  ls eStreamer-eNcore`,
		Args: exactArgs("DIR"),
		RunE: func(_ *cobra.Command, args []string) error {
			self, err := os.Executable()
			if err != nil {
				return err
			}
			var names []string
			for name := range links {
				names = append(names, name)
			}
			slices.Sort(names)
			for _, name := range names {
				path := filepath.Join(args[0], name)
				err := os.Symlink(self, path)
				if target, lerr := os.Readlink(path); errors.Is(err, fs.ErrExist) && lerr == nil && target == self {
					err = nil
				}
				if errors.Is(err, fs.ErrExist) {
					return hint(fmt.Errorf("%s is there already", path), "move it away first, such as to %s.old", name)
				}
				if err != nil {
					return err
				}
				fmt.Fprintf(e.stdout, "%s: estream %s\n", path, links[name])
			}
			return nil
		},
	}
}
