package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"estream/backup"
	"estream/internal/durable"

	"github.com/spf13/cobra"
)

// madeBackup makes a data directory and a backup of it in examples.
const madeBackup = `  estream client add 127.0.0.1 --data data -o client.pkcs12
  estream backup server.backup --data data
`

func (e *env) backup() *cobra.Command {
	var data string
	cmd := &cobra.Command{
		Use:   "backup FILE --data DIR",
		Short: "copy a server's data directory into one file while it works",
		Long: `backup writes certificates, registrations, settings, network map and the journal up
to this moment into FILE. The server goes on as usual, and no client misses anything;
without a server it works as well. FILE is complete, read back and on the disk when
the command returns, and until then it is what it was before. A name that ends in
.gz or .tgz is compressed.

FILE holds the keys of the certificate authority. Its mode is 0600; keep it safe.`,
		Example: madeBackup + "  ls -l server.backup",
		Args:    exactArgs("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if data == "" {
				return usagef("--data DIR is missing: the server's data directory")
			}
			if err := parentExists("FILE", args[0]); err != nil {
				return err
			}
			if inside(data, args[0]) {
				return usagef("%s lies in the data directory; expected a place outside, or each backup would hold the one before", args[0])
			}
			return e.makeBackup(cmd.Context(), data, args[0])
		},
	}
	cmd.Flags().StringVar(&data, "data", "", "the server's data `DIR`")
	return cmd
}

// inside reports whether a file that may not exist lies in a directory.
func inside(dir, file string) bool {
	dir, derr := filepath.EvalSymlinks(dir)
	parent, perr := filepath.EvalSymlinks(filepath.Dir(file))
	if derr == nil {
		dir, derr = filepath.Abs(dir)
	}
	if perr == nil {
		parent, perr = filepath.Abs(parent)
	}
	rel, err := filepath.Rel(dir, parent)
	return derr == nil && perr == nil && err == nil && filepath.IsLocal(rel)
}

func (e *env) makeBackup(ctx context.Context, data, file string) error {
	log, err := e.logger()
	if err != nil {
		return err
	}
	if info, err := os.Stat(file); err == nil && !info.Mode().IsRegular() {
		return usagef("%s is no regular file (%v); expected the name of a file to write", file, info.Mode().Type())
	}
	meter := e.progress("bytes", 0)
	m, err := backup.CreateFile(ctx, data, file, backup.Options{
		Version: version(), Compress: strings.HasSuffix(file, ".gz") || strings.HasSuffix(file, ".tgz"), Temp: filepath.Dir(file), Log: log,
		Progress: func(done, total int64) {
			meter.total = uint64(max(total, done))
			meter.at(uint64(done))
		},
	})
	meter.end()
	switch {
	case errors.Is(err, os.ErrPermission):
		return hint(err, "run this as the user of the service, or as root")
	case durable.IsNoSpace(err):
		return hint(err, "there is too little room for the backup; nothing of it was left behind")
	case err != nil:
		return err
	}
	fmt.Fprintf(e.stderr, "backup of %s: %s\n", data, described(m))
	return nil
}

// described says in one line what a backup holds.
func described(m *backup.Manifest) string {
	text := fmt.Sprintf("%d files, %d bytes", len(m.Files), m.Bytes())
	if m.Journal != nil {
		text += fmt.Sprintf(", journal with %d messages", m.Journal.End-m.Journal.First)
	}
	return text
}

func (e *env) restore() *cobra.Command {
	var check bool
	cmd := &cobra.Command{
		Use:   "restore FILE DIR",
		Short: "make a server's data directory from a backup",
		Long: `restore makes DIR, which must be empty or not exist, the data directory that a backup
holds. Every digest and every batch of the journal is checked before DIR gets its
content. A server that is started there is the one of the backup: clients keep their
files, sources go on where they were.

With --check nothing is written: the backup is read and its digests are compared.`,
		Example: madeBackup + "  estream restore server.backup copy\n  estream client list --data copy",
		Args: func(cmd *cobra.Command, args []string) error {
			if check {
				return exactArgs("FILE")(cmd, args)
			}
			return exactArgs("FILE", "DIR")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := os.Open(args[0])
			if err != nil {
				return err
			}
			defer f.Close()
			if check {
				m, err := backup.Verify(cmd.Context(), f)
				if err != nil {
					return fmt.Errorf("%s: %w", args[0], err)
				}
				fmt.Fprintf(e.stdout, "%s: made %s by estream %s: %s; all digests agree\n", args[0], m.Made.Format(time.RFC3339), m.Estream, described(m))
				return nil
			}
			return e.restoreTo(cmd.Context(), f, args[1])
		},
	}
	cmd.Flags().BoolVar(&check, "check", false, "only check FILE")
	return cmd
}

func (e *env) restoreTo(ctx context.Context, f *os.File, dir string) error {
	log, err := e.logger()
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	// A compressed file is shorter than what is in it: the total grows then.
	meter := e.progress("bytes", uint64(max(1, info.Size())))
	m, err := backup.Restore(ctx, f, dir, backup.RestoreOptions{Log: log, Progress: func(n int64) {
		meter.total = max(meter.total, uint64(n))
		meter.at(uint64(n))
	}})
	meter.end()
	switch {
	case errors.Is(err, backup.ErrNotEmpty):
		return hint(err, "name a directory that does not exist, and exchange the two afterwards")
	case errors.Is(err, syscall.ENOENT):
		return hint(err, "the directory above DIR must exist")
	case err != nil:
		return fmt.Errorf("%s: %w", f.Name(), err)
	}
	fmt.Fprintf(e.stderr, "restored %s of %s: %s\n", dir, m.Made.Format(time.RFC3339), described(m))
	return nil
}
