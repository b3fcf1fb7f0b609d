package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"

	"estream/config"
	"estream/doctor"
)

// outputCheck returns how the destination of an output is tried without sending
// it anything; nil for standard output, which is always there.
func outputCheck(o *config.Output) func(context.Context) error {
	switch to := &o.To; to.Kind {
	case config.ToStdout:
		return nil
	case config.ToFile, config.ToRelFile:
		return fileCheck(to.Path, o.File != nil && !o.File.MakeDirs)
	case config.ToUDP, config.ToSyslogUDP:
		// Nothing ever comes back, so more than the name cannot be tried.
		return func(ctx context.Context) error {
			_, err := net.DefaultResolver.LookupNetIP(ctx, "ip", to.Host)
			return err
		}
	case config.ToExec:
		return func(context.Context) error {
			_, err := exec.LookPath(to.Path)
			return err
		}
	case config.ToHTTP, config.ToHTTPS:
		return func(ctx context.Context) error {
			addr, err := httpAddress(to, http.ProxyFromEnvironment)
			if err != nil {
				return err
			}
			return doctor.DialCheck(addr)(ctx)
		}
	default:
		return doctor.DialCheck(to.Address)
	}
}

// fileCheck returns a check for an output to the file at path. inPlace says that its
// directory is not made when it is missing.
func fileCheck(path string, inPlace bool) func(context.Context) error {
	dir := filepath.Dir(path)
	writable := doctor.WritableCheck(dir)
	return func(ctx context.Context) error {
		if _, err := os.Stat(dir); inPlace && err != nil {
			return fmt.Errorf("%w; make the directory, or remove file.make_directories from the configuration", err)
		}
		if err := writable(ctx); err != nil {
			return err
		}
		switch info, err := os.Stat(path); {
		case errors.Is(err, fs.ErrNotExist):
			return nil // it will be made
		case err != nil:
			return err
		case info.IsDir():
			return fmt.Errorf("%s is a directory, a file is expected", path)
		case !info.Mode().IsRegular():
			return nil // opening a pipe or a device is a message to whoever is behind it
		}
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			return err
		}
		return f.Close()
	}
}

// httpAddress returns where requests to a URL go: to its host, or to a proxy that the
// environment names. The user information of a proxy is in no error.
func httpAddress(to *config.Destination, proxy func(*http.Request) (*url.URL, error)) (string, error) {
	target, err := url.Parse(to.String())
	if err != nil {
		return "", err
	}
	via, err := proxy(&http.Request{URL: target})
	if err != nil {
		return "", errors.New("the proxy in the environment ($HTTP_PROXY, $HTTPS_PROXY) is no URL")
	}
	if via == nil {
		return to.Address, nil
	}
	port := via.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}[via.Scheme]
	}
	return net.JoinHostPort(via.Hostname(), port), nil
}
