package file

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"estream/internal/durable"
)

// Naming says how files get their names.
type Naming int

const (
	// Renamed: Path is always the file that is being written. A finished one is
	// renamed: a time stamp (UTC, of the moment it was finished) is placed before
	// its extension, events.json becomes events-20260131T235959Z.json. A name that
	// is taken gets a number behind the stamp.
	Renamed Naming = iota
	// Stamped: Path is a pattern with the conversions %Y %m %d %H %M %S %s (Unix
	// seconds) and %%, filled in when a file is begun. When the pattern gives
	// another name, another file is begun. A name that is taken gets a number
	// before its extension.
	Stamped
	// Encore: the last element of Path is a pattern in which {0} stands for the Unix
	// second in which the file is begun, and for the second, "-" and a random UUID
	// when that name is taken. See [ParseEncoreURI].
	Encore
)

// Options say where and how lines are written. The zero value of each field but
// Path is usable. Without a limit, NewAtStart or a Naming that makes names there
// is one file that grows for ever.
type Options struct {
	FS   durable.FS // nil: the file system of the machine
	Path string     // made absolute when the output is opened
	Naming
	Mode     fs.FileMode // of new files, less the umask; 0: 0600
	MakeDirs bool        // create missing directories; otherwise they are an error
	DirMode  fs.FileMode // of new directories, less the umask; 0: 0700

	// A file is finished, and the next line begins another, when it has MaxLines
	// lines, when the line would make it longer than MaxBytes, or when it was begun
	// MaxAge ago. 0: no such limit. A line longer than MaxBytes gets a file of its
	// own. Nothing happens while nothing is written.
	MaxBytes int64
	MaxLines int64
	MaxAge   time.Duration
	// NewAtStart finishes what an earlier run wrote when the first line comes.
	NewAtStart bool
	// Header, if set, is the first line of every file, with its line end. [Output.Empty]
	// then always reports false, so that nobody else writes one.
	Header []byte

	// Compress replaces finished files by name.gz, one at a time, in the background.
	Compress bool
	// Finished files are deleted, oldest first, while there are more than KeepFiles,
	// while one was begun (Stamped, Encore) or finished (Renamed) longer than KeepAge
	// ago, or while all of them have more than KeepBytes. 0: no such limit. Only files
	// that this output made are counted and deleted, and not those that it finished
	// while no such limit was given. Looked at when a file is finished and when the
	// output is opened.
	KeepFiles int
	KeepAge   time.Duration
	KeepBytes int64

	// Ledger is the path of the small file that lists the files this output made. It
	// may be in another directory. "": a hidden file in the (first fixed) directory of Path.
	Ledger   string
	Location *time.Location   // of Stamped; nil: UTC
	Now      func() time.Time // nil: time.Now
	Log      *slog.Logger     // nil: slog.Default()

	inline bool // housekeeping happens in the caller's goroutine, for tests
}

// rotates reports whether there can be more than one file.
func (o *Options) rotates() bool {
	return o.Naming != Renamed || o.MaxBytes > 0 || o.MaxLines > 0 || o.MaxAge > 0 || o.NewAtStart
}

// keeps reports whether something happens to finished files.
func (o *Options) keeps() bool { return o.Compress || o.deletes() }

// deletes reports whether finished files are deleted at some time.
func (o *Options) deletes() bool { return o.KeepFiles > 0 || o.KeepAge > 0 || o.KeepBytes > 0 }

// complete checks o and fills in defaults. All mistakes are reported at once.
func (o *Options) complete() error {
	var errs []error
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("output file: "+format, args...))
	}
	if o.Path == "" {
		bad("no path is given")
	}
	if o.MaxBytes < 0 || o.MaxLines < 0 || o.MaxAge < 0 {
		bad("limits of %d bytes, %d lines, %s: none may be negative; 0 is no limit", o.MaxBytes, o.MaxLines, o.MaxAge)
	}
	if o.KeepBytes < 0 || o.KeepFiles < 0 || o.KeepAge < 0 {
		bad("keep %d bytes, %d files, %s: none may be negative; 0 is no limit", o.KeepBytes, o.KeepFiles, o.KeepAge)
	}
	if o.keeps() && !o.rotates() {
		bad("compression and deletion are for finished files, and this output never finishes one: give a limit of bytes, lines or age")
	}
	if len(o.Header) > 0 && o.Header[len(o.Header)-1] != '\n' {
		bad("header %q has no line end", o.Header)
	}
	if o.Naming < Renamed || o.Naming > Encore {
		bad("naming %d is unknown; expected 0 (renamed), 1 (stamped) or 2 (encore)", o.Naming)
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if o.Location == nil {
		o.Location = time.UTC
	}
	path, err := filepath.Abs(o.Path)
	if err != nil {
		return fmt.Errorf("output file: %w", err)
	}
	o.Path = path
	if _, err := o.expand(time.Unix(0, 0), ""); err != nil {
		return err
	}
	if o.Ledger == "" {
		o.Ledger = defaultLedger(o.Path, o.Naming)
	}
	if o.FS == nil {
		o.FS = durable.OS{}
	}
	if o.Mode == 0 {
		o.Mode = 0o600
	}
	if o.DirMode == 0 {
		o.DirMode = 0o700
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return nil
}

// openFile opens name for writing at its end. With create its directory is made
// when it is missing and the options say so.
func (o *Options) openFile(name string, create bool) (durable.File, error) {
	flag := os.O_RDWR
	if create {
		flag |= os.O_CREATE
		if o.MakeDirs {
			if err := durable.MkdirAll(o.FS, filepath.Dir(name), o.DirMode); err != nil {
				return nil, openError(name, err)
			}
		}
	}
	f, err := o.FS.OpenFile(name, flag, o.Mode)
	if err != nil {
		return nil, openError(name, err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no regular file: use the output that fits it", name)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("output file: %w", err), f.Close())
	}
	return f, nil
}

func openError(path string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("output file: %w: create the directory %s first", err, filepath.Dir(path))
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("output file: %w: the user that runs estream must be able to write it", err)
	}
	return fmt.Errorf("output file: %w", err)
}
