package cli

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"

	"estream/doctor"
)

// port has the bundle list the sockets of a port, by number or name.
func (x *checkup) port(name string) {
	if n, err := net.LookupPort("tcp", name); err == nil { // what is none has no sockets
		x.ports = append(x.ports, uint16(n))
	}
}

// writeBundle writes the support bundle, and says what is in it.
func (x *checkup) writeBundle(file string) error {
	parts := []doctor.Part{doctor.Diagnosis(x.reports...), doctor.Versions(version())}
	parts = append(append(parts, x.parts...), doctor.Certificates(x.certs...), doctor.SocketState(x.ports...))
	var list strings.Builder
	for i, p := range parts {
		parts[i].Read = func() ([]byte, error) {
			data, err := p.Read()
			if err != nil {
				fmt.Fprintf(&list, "  %-16s  not there: %v\n", p.Name, err)
			} else {
				fmt.Fprintf(&list, "  %-16s  %s\n", p.Name, p.About)
			}
			return data, err
		}
	}
	options := doctor.BundleOptions{Secrets: x.secrets}
	if file == "-" {
		if err := doctor.Bundle(x.stdout, options, parts...); err != nil {
			return err
		}
		file = "standard output"
	} else if err := createWhole(file, func(w io.Writer) error { return doctor.Bundle(w, options, parts...) }); err != nil {
		return fmt.Errorf("--bundle: %w", err)
	}
	text := "\nsupport bundle: " + file + "\n" + list.String() + `  manifest.txt      The list of these files, with sizes and digests.
All of it was searched for passwords, tokens, private keys and user information in
URLs, which were removed. Names and addresses of your network are in it: look through
it before you hand it on.
`
	if len(x.unread) > 0 {
		text += "These could not be read, and so not be searched for: " + strings.Join(x.unread, ", ") + ".\n"
	}
	for _, note := range x.notes {
		text += note + "\n"
	}
	_, err := io.WriteString(x.people, text)
	return err
}

// createWhole writes a file with mode 0600 that is complete or not there: what was at
// name before stays until then.
func createWhole(name string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), ".estream-bundle-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	err = write(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
