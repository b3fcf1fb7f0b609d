package file

import (
	"bytes"
	"log/slog"
	"path/filepath"
	"testing"
)

// BenchmarkWrite writes batches of 300 lines of 800 bytes to a file that rotates every 256 MiB.
func BenchmarkWrite(b *testing.B) {
	batch := bytes.Repeat(append(bytes.Repeat([]byte{'x'}, 799), '\n'), 300)
	for name, opt := range map[string]Options{
		"one":     {},
		"rotated": {MaxBytes: 256 << 20, KeepFiles: 1},
		"lines":   {MaxLines: 10000, KeepFiles: 1},
	} {
		b.Run(name, func(b *testing.B) {
			opt.Path, opt.Log = filepath.Join(b.TempDir(), "e.log"), slog.New(slog.DiscardHandler)
			o, err := OpenWith(opt, nil)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(batch)))
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				if err := o.Write(b.Context(), batch); err != nil {
					b.Fatal(err)
				}
				if n++; n%400 == 0 { // so that the disk of the machine that tests does not fill up
					if _, err := o.Commit(b.Context()); err != nil {
						b.Fatal(err)
					}
					if opt.MaxBytes == 0 && opt.MaxLines == 0 {
						if err := o.f.Truncate(0); err != nil {
							b.Fatal(err)
						}
						o.length = 0
					}
				}
			}
			if err := o.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}
