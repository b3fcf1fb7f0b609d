package encore

import (
	"fmt"
	"hash/crc32"
	"log/slog"
	"net/url"
	"strconv"
	"strings"

	"estream/encore/conf"
	"estream/output"
)

// A Destination is what an output of the configuration writes to.
type Destination struct {
	Output conf.Output
	Scheme string // file, relfile, udp, tcp, scp, or anything else for standard output
	Host   string // udp, tcp, scp
	Port   int    // udp, tcp, scp
	User   string // scp
	Path   string // scp
	Dir    string // working directory: what relative paths are relative to
	Ledger string // a file in our own directory, for what the output has to remember about its files
	Log    *slog.Logger
}

// Destinations opens destinations. It is called once for each output before the
// client starts, so that a mistake in the configuration is told then, and returns
// the function that opens the output with the state of its last commit.
type Destinations func(d Destination) (open func(saved []byte) (output.Output, error), err error)

// parseDestination takes a stream's URI apart.
func parseDestination(o conf.Output, dir string, log *slog.Logger) (Destination, error) {
	d := Destination{Output: o, Dir: dir, Log: log}
	scheme, rest, ok := strings.Cut(o.URI, "://")
	if !ok {
		return d, fmt.Errorf("stream uri %q has no \"//\"; expected file:///, relfile:///, udp://, tcp://, scp:// or stdout://", o.URI)
	}
	d.Scheme = strings.ToLower(scheme)
	class := map[string]string{"udp": "UdpStream", "tcp": "TcpStream", "scp": "ScpStream"}[d.Scheme]
	if class == "" {
		return d, nil // the path of a file may hold what no URL does
	}
	u, err := url.Parse("x://" + rest)
	if err != nil {
		// The library's words would be about a URL that nobody wrote.
		return d, portError(class, o.URI)
	}
	d.Host, d.User, d.Path = u.Hostname(), u.User.Username(), u.Path
	if d.Host == "" {
		//lint:ignore ST1005 eNcore's words
		return d, fmt.Errorf("%s must have a host specified.", class)
	}
	port := u.Port()
	if port == "" && d.Scheme == "scp" {
		port = "22"
	}
	if d.Port, err = strconv.Atoi(port); err != nil || d.Port < 1 || d.Port > 65535 {
		return d, portError(class, o.URI)
	}
	return d, nil
}

func portError(class, uri string) error {
	return fmt.Errorf("%s must have an integer port specified. Found %q, expected a port from 1 to 65535", class, uri)
}

// cursorPrefix is what the names of our outputs' positions begin with.
const cursorPrefix = "encore-"

// cursorName names an output's position. Another adapter or URI is another output.
func cursorName(o *conf.Output) string {
	return cursorPrefix + fmt.Sprintf("%s-%08x", strings.ToLower(strings.Map(plain, o.Adapter)), crc32.ChecksumIEEE([]byte(o.URI+"\x00"+strconv.FormatBool(o.Passthru))))
}

func plain(r rune) rune {
	if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
		return r
	}
	return '.'
}
