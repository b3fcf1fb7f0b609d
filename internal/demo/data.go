package demo

import (
	"compress/gzip"
	"embed"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

//go:embed data
var data embed.FS

// unpack lays out the sample data as a sensor and its administrator would.
func unpack(dir string) error {
	for from, to := range map[string]string{
		"snort.u2.gz":           "snort/spool/snort.u2.1321131865",
		"sid-msg.map":           "snort/etc/sid-msg.map",
		"classification.config": "snort/etc/classification.config",
		"reference.config":      "snort/etc/reference.config",
		"synth.bin.gz":          "synth.bin",
	} {
		if err := unpackFile(from, filepath.Join(dir, filepath.FromSlash(to))); err != nil {
			return fmt.Errorf("unpack %s: %w", from, err)
		}
	}
	return nil
}

func unpackFile(from, to string) error {
	in, err := data.Open("data/" + from)
	if err != nil {
		return err
	}
	defer in.Close()
	var r io.Reader = in
	if strings.HasSuffix(from, ".gz") {
		if r, err = gzip.NewReader(in); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, r)
	if cerr := out.Close(); err == nil {
		err = cerr
	}
	return err
}
