package unified2

import (
	"fmt"
	"os"
	"path/filepath"
)

// writeSpool writes total events, each with a packet, the way a sensor does:
// append, close, open the next file. Writes end at arbitrary bytes, and three
// files share each second, so that their order must come from the number.
func writeSpool(dir string, total uint32, done func()) error {
	var f *os.File
	var buf []byte
	file := 0
	payload := make([]byte, 400)
	for id := range total {
		if id%997 == 0 {
			if err := closeWith(f, buf); err != nil {
				return err
			}
			buf = buf[:0]
			name := fmt.Sprintf("snort.u2.%d", 1700000000+file/3)
			if file%3 > 0 {
				name += fmt.Sprintf(".%d", file%3)
			}
			file++
			var err error
			if f, err = os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600); err != nil {
				return err
			}
		}
		buf = appendEvent(buf, id)
		buf = appendPacket(buf, TypePacket, id, payload[:id%400])
		// Write what is there but for the last bytes, cutting a record.
		if n := len(buf) - int(id%61); id%5 == 0 && n > 0 {
			if _, err := f.Write(buf[:n]); err != nil {
				return err
			}
			buf = append(buf[:0], buf[n:]...)
		}
	}
	err := closeWith(f, buf)
	done()
	return err
}

func closeWith(f *os.File, rest []byte) error {
	if f == nil {
		return nil
	}
	if _, err := f.Write(rest); err != nil {
		return err
	}
	return f.Close()
}
