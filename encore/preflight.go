package encore

import (
	"errors"
	"fmt"
	"io"
	"os"

	"estream/encore/conf"
	"estream/internal/durable"
)

// ErrTold is the error of a command that has said everything there is to say; it
// ends with status 1.
var ErrTold = errors.New("the command failed; what there was to say was said")

// printf writes bare lines, which have neither time nor level.
func (t *Terminal) printf(format string, args ...any) error {
	_, err := fmt.Fprintf(t.Out, format, args...)
	return err
}

// Preflight checks what the client cannot start without: the PKCS#12 file and the
// host, which it asks for unless noStdin is set. It returns ErrTold if the check
// fails. A configuration that cannot be read is reported and passes, as in eNcore.
func Preflight(dir, name string, t *Terminal, noStdin bool) error {
	c, _, doc, err := loadConf(dir, name)
	if err != nil {
		return t.printf("%v\n", err)
	}
	s := c.Server()
	path := In(dir, s.PKCS12)
	if _, err := os.Stat(path); err != nil {
		return errors.Join(t.printf(`The pkcs12 file specified in your config (%s) does not exist.
Create this client on the Management Center: System > Integration > eStreamer,
with the address under which the Management Center sees this host (with NAT that
is not the address of this host), and download its file to
%s
`, name, path), ErrTold)
	}
	if s.Host != "" && s.Host != conf.PlaceholderHost {
		return nil
	}
	if err := t.printf("You have not configured your FMC host\n"); err != nil {
		return err
	}
	if noStdin {
		return ErrTold
	}
	if err := t.printf("Please enter it here (enter blank host to ignore)\n"); err != nil {
		return err
	}
	host, err := t.line()
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if host == "" {
		return errors.Join(t.printf("Exiting\n"), ErrTold)
	}
	doc.Set(host, "subscription", "servers", 0, "host")
	if err := saveConf(dir, name, doc); err != nil {
		return err
	}
	return t.printf("Host updated to %s\n", host)
}

// saveConf replaces a configuration, with the mode it has.
func saveConf(dir, name string, doc *conf.Document) error {
	path, mode := In(dir, name), os.FileMode(0o644)
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	if err := durable.ReplaceFile(durable.OS{}, path, doc.Bytes(), mode); err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	return nil
}
