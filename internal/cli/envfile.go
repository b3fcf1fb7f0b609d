package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// defaultEnvFile is read where no other one is there; the systemd unit reads it as well.
const defaultEnvFile = "/etc/estream/server.env"

// maxEnvFile bounds an environment file, in bytes.
const maxEnvFile = 1 << 20

// envHelp says what the variables mean, for the commands that read them.
const envHelp = `Options come from the environment, or from a file of NAME=VALUE lines as systemd
reads them (EnvironmentFile=): --env FILE, or else $ESTREAM_ENV_FILE, estream.env in
the data directory, /etc/estream/server.env. A flag goes before the environment, that
before the file.

  ESTREAM_DATA         data directory (default /var/lib/estream-server, if it exists)
  ESTREAM_LISTEN       addresses to listen on, separated by spaces (default :8302)
  ESTREAM_OPTIONS      further flags of "estream serve", with quotes as in a shell:
                       sources, --retain, --retain-age, --bundle, ...
  ESTREAM_LOG_FORMAT   compat (default), text or json
  ESTREAM_LOG_FILE     file for the log, in place of syslog
  ESTREAM_LOG_SYSLOG   socket of the syslog daemon (default /dev/log); "no": none
  ESTREAM_DEBUG        yes: as --debug
  ESTREAM_NOHOSTCHECK  yes: as --nohostcheck

Other variables of the file that begin with ESTREAM_ are handed to the server, such as
ESTREAM_CA_PASSWORD_FILE.`

// A serverEnv is what environment and flags say about a server.
type serverEnv struct {
	file        string // that was read, "" for none
	data        string
	listen      []string
	options     []string
	logFormat   string
	logFile     string
	syslog      string // "" for none
	debug       bool
	noHostCheck bool
	others      map[string]string // variables of the file that are not for us
}

// defaultData is the data directory of the systemd unit.
const defaultData = "/var/lib/estream-server"

// ours are the variables that become flags.
var ours = []string{
	"ESTREAM_ENV_FILE", "ESTREAM_DATA", "ESTREAM_LISTEN", "ESTREAM_OPTIONS", "ESTREAM_LOG_FORMAT", "ESTREAM_LOG_FILE", "ESTREAM_LOG_SYSLOG", "ESTREAM_DEBUG", "ESTREAM_NOHOSTCHECK",
}

// environment returns what the file adds to the environment of a server, NAME=VALUE.
// What is there already stays.
func (s *serverEnv) environment(lookup func(string) (string, bool)) (list []string) {
	for _, name := range slices.Sorted(maps.Keys(s.others)) {
		if _, ok := lookup(name); !ok {
			list = append(list, name+"="+s.others[name])
		}
	}
	return list
}

// readServerEnv reads the environment. data and file are those of flags, "" without;
// lookup is os.LookupEnv.
func readServerEnv(data, file string, lookup func(string) (string, bool)) (*serverEnv, error) {
	values := map[string]string{}
	s := new(serverEnv)
	get := func(name string) string {
		if v, ok := lookup(name); ok {
			return v
		}
		return values[name]
	}
	named := cmp.Or(file, get("ESTREAM_ENV_FILE"))
	candidates := []string{named}
	if named == "" {
		candidates = []string{defaultEnvFile}
		if dir := cmp.Or(data, get("ESTREAM_DATA")); dir != "" {
			candidates = []string{filepath.Join(dir, "estream.env"), defaultEnvFile}
		}
	}
	for _, name := range candidates {
		text, err := readEnvFile(name)
		if errors.Is(err, fs.ErrNotExist) && named == "" {
			continue
		}
		if err == nil {
			values, err = parseEnv(text)
		}
		if err != nil {
			return nil, &configError{fmt.Errorf("environment file: %s: %w", name, err)}
		}
		s.file = name
		break
	}
	s.data = cmp.Or(data, get("ESTREAM_DATA"))
	s.listen = strings.Fields(get("ESTREAM_LISTEN"))
	s.logFormat = cmp.Or(get("ESTREAM_LOG_FORMAT"), "compat")
	s.logFile = get("ESTREAM_LOG_FILE")
	s.syslog = get("ESTREAM_LOG_SYSLOG")
	var err error
	for name, to := range map[string]*bool{"ESTREAM_DEBUG": &s.debug, "ESTREAM_NOHOSTCHECK": &s.noHostCheck} {
		if *to, err = yes(get(name)); err != nil {
			return nil, &configError{fmt.Errorf("%s: %w", name, err)}
		}
	}
	if s.options, err = splitWords(get("ESTREAM_OPTIONS")); err != nil {
		return nil, &configError{fmt.Errorf("ESTREAM_OPTIONS: %w", err)}
	}
	s.others = values
	maps.DeleteFunc(s.others, func(name, _ string) bool { return !strings.HasPrefix(name, "ESTREAM_") || slices.Contains(ours, name) })
	if _, err := os.Stat(defaultData); s.data == "" && err == nil {
		s.data = defaultData
	}
	if s.data == "" {
		return nil, hint(usagef("no data directory is given"), "--data DIR, or ESTREAM_DATA=DIR in the environment or in %s", defaultEnvFile)
	}
	return s, nil
}

// yes reads a switch.
func yes(s string) (bool, error) {
	switch strings.ToLower(s) {
	case "yes", "on":
		return true, nil
	case "", "no", "off":
		return false, nil
	}
	b, err := strconv.ParseBool(s)
	if err != nil {
		return false, fmt.Errorf("found %q, expected yes or no", s)
	}
	return b, nil
}
