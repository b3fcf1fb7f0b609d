package encore

import (
	"io"
	"net"
	"strconv"

	"estream/output"
	"estream/output/file"
	"estream/output/stream"
	"estream/output/tcp"
	"estream/output/udp"
)

// StandardDestinations writes to files, UDP, TCP, files copied by scp and, for every
// scheme that eNcore does not know either, to stdout.
func StandardDestinations(stdout io.Writer) Destinations {
	return func(d Destination) (func(saved []byte) (output.Output, error), error) {
		address := net.JoinHostPort(d.Host, strconv.Itoa(d.Port))
		switch d.Scheme {
		case "file", "relfile":
			o, err := file.ParseEncoreURI(d.Output.URI, d.Output.Rotate, d.Output.MaxLogs, d.Dir)
			if err != nil {
				return nil, err
			}
			o.Ledger, o.Log = d.Ledger, d.Log
			return func(saved []byte) (output.Output, error) { return file.OpenWith(o, saved) }, nil
		case "udp":
			return func([]byte) (output.Output, error) {
				return udp.Open(udp.Options{Address: address, Newline: true, Log: d.Log})
			}, nil
		case "tcp":
			return func([]byte) (output.Output, error) {
				return tcp.Open(tcp.Options{Address: address, Log: d.Log})
			}, nil
		case "scp":
			return openSCP(d)
		}
		return func([]byte) (output.Output, error) { return stream.New(stdout, "standard output"), nil }, nil
	}
}
