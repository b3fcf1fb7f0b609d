package encore

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// Archive stops the client, packs the log into encore-log-STAMP.tar.gz, removes it
// and starts the client again, also if packing failed: then the log stays.
func (l *Launcher) Archive(ctx context.Context) error {
	if err := l.Stop(ctx); err != nil {
		return err
	}
	log := "estreamer.log"
	if _, c, ok := l.files(); ok && c.Logging.File != "" {
		log = c.Logging.File
	}
	name, err := packLog(l.Dir, In(l.Dir, log), time.Now())
	switch {
	case errors.Is(err, os.ErrNotExist):
		err = l.Terminal.printf("There is no log to archive: %s\n", log)
	case err == nil:
		err = l.Terminal.printf("%s\n", name)
	default:
		err = fmt.Errorf("archive: %w; the log stays as it is", err)
	}
	return errors.Join(err, l.Start(ctx))
}

// packLog makes the archive of one log, and removes the log once that is on the device.
func packLog(dir, log string, now time.Time) (name string, err error) {
	in, err := os.Open(log)
	if err != nil {
		return "", err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return "", err
	}
	name = "encore-log-" + now.Format("2006-01-02_15-04-05-0700MST") + ".tar.gz"
	// It is complete when it has its name; a leftover of a crash has another.
	out, err := os.CreateTemp(dir, "encore-log-*.tmp")
	if err != nil {
		return "", err
	}
	err = writeArchive(out, in, info)
	if err == nil {
		err = out.Sync()
	}
	err = errors.Join(err, out.Close())
	if err == nil {
		err = os.Rename(out.Name(), filepath.Join(dir, name))
	}
	if err != nil {
		return "", errors.Join(err, os.Remove(out.Name()))
	}
	return name, os.Remove(log)
}

func writeArchive(w io.Writer, log io.Reader, info os.FileInfo) error {
	z := gzip.NewWriter(w)
	t := tar.NewWriter(z)
	h, err := tar.FileInfoHeader(info, "")
	if err != nil {
		return err
	}
	h.Name = "./" + info.Name()
	if err := t.WriteHeader(h); err != nil {
		return err
	}
	if _, err := io.CopyN(t, log, info.Size()); err != nil {
		return err
	}
	return errors.Join(t.Close(), z.Close())
}
