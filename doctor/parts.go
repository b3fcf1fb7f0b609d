package doctor

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
)

// Text returns a part with content that the caller has: effective configuration,
// status, metrics.
func Text(name, about string, data []byte) Part {
	return Part{name, about, func() ([]byte, error) { return data, nil }}
}

// Versions returns the part versions.txt: estream, Go and the modules built in, the
// operating system, the kernel, the processors.
func Versions(estream string) Part {
	return Part{"versions.txt", "Versions of estream, Go, the operating system and the kernel.", func() ([]byte, error) {
		var b bytes.Buffer
		fmt.Fprintf(&b, "estream %s\n%s %s/%s\n%d processors, GOMAXPROCS %d\n", estream, runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.GOMAXPROCS(0))
		for _, f := range []struct{ what, path string }{{"kernel", "/proc/sys/kernel/osrelease"}, {"system", "/etc/os-release"}} {
			data, err := readBounded(f.path, 64<<10)
			switch {
			case errors.Is(err, os.ErrNotExist): // not Linux, or a container without
			case err != nil:
				fmt.Fprintf(&b, "%s: %v\n", f.what, err)
			default:
				fmt.Fprintf(&b, "%s: %s\n", f.what, strings.TrimSpace(string(data)))
			}
		}
		if info, ok := debug.ReadBuildInfo(); ok {
			fmt.Fprintf(&b, "\n%s", info)
		}
		return b.Bytes(), nil
	}}
}

// LogTail returns a part with the last lines of the file at path, at most limit
// bytes; 0 is 4 MiB.
func LogTail(name, path string, limit int64) Part {
	if limit <= 0 {
		limit = 4 << 20
	}
	return Part{name, "The last lines of the log " + path + ".", func() ([]byte, error) { return tail(path, limit) }}
}

// tail reads the last limit bytes of a file from the next whole line on.
func tail(path string, limit int64) (data []byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file (%v)", path, info.Mode().Type())
	}
	from := max(0, info.Size()-limit)
	data, err = io.ReadAll(io.NewSectionReader(f, from, limit))
	if err != nil || from == 0 {
		return data, err
	}
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		data = data[i+1:]
	}
	return data, nil
}

// Certificates returns the part certificates.txt: what certificates say. Keys are
// not in it, only their kind and size.
func Certificates(certs ...*x509.Certificate) Part {
	return Part{"certificates.txt", "Subject, issuer, validity and fingerprint of the certificates in use; no keys.", func() ([]byte, error) {
		var b bytes.Buffer
		for _, c := range certs {
			fmt.Fprintf(&b, "subject      %s\nissuer       %s\nserial       %x\nvalid from   %s\nvalid to     %s\nnames        %s\nkey          %s\nsignature    %v\nauthority    %v\nsha256       %x\n\n",
				clean(c.Subject.String()), clean(c.Issuer.String()), c.SerialNumber, stamp(c.NotBefore), stamp(c.NotAfter), clean(names(c)), keyKind(c), c.SignatureAlgorithm, c.IsCA, sha256.Sum256(c.Raw))
		}
		return b.Bytes(), nil
	}}
}

func names(c *x509.Certificate) string {
	all := slices.Clone(c.DNSNames)
	for _, ip := range c.IPAddresses {
		all = append(all, ip.String())
	}
	return strings.Join(all, ", ")
}

func keyKind(c *x509.Certificate) string {
	switch k := c.PublicKey.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA, %d bits", k.N.BitLen())
	case *ecdsa.PublicKey:
		return "ECDSA, " + k.Curve.Params().Name
	case ed25519.PublicKey:
		return "Ed25519"
	}
	return c.PublicKeyAlgorithm.String()
}

// SocketState returns the part sockets.txt: the kernel's TCP sockets with one of
// the ports at either end, with what waits in their queues.
func SocketState(ports ...uint16) Part {
	return Part{"sockets.txt", "TCP sockets of our ports: ends, state, bytes that wait; then the kernel's own line.", func() ([]byte, error) {
		sockets, err := Sockets()
		if err != nil {
			return nil, err
		}
		var b bytes.Buffer
		for _, k := range sockets {
			if slices.Contains(ports, k.Local.Port()) || slices.Contains(ports, k.Remote.Port()) {
				fmt.Fprintf(&b, "%s -> %s %s send %d receive %d\n    %s\n", k.Local, k.Remote, k.State, k.Send, k.Receive, k.Raw)
			}
		}
		if b.Len() == 0 {
			fmt.Fprintf(&b, "no socket has one of the ports %v\n", ports)
		}
		return b.Bytes(), nil
	}}
}

// Diagnosis returns the part doctor.txt with reports as text.
func Diagnosis(reports ...Report) Part {
	return Part{"doctor.txt", "What estream doctor found.", func() ([]byte, error) {
		var b bytes.Buffer
		err := WriteText(&b, false, reports...)
		return b.Bytes(), err
	}}
}
