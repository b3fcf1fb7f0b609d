package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"estream/internal/control"
	"estream/internal/serverstatus"

	"github.com/spf13/cobra"
)

// manageReady and manageDone run a server in examples.
const (
	manageReady = `  echo 'ESTREAM_LISTEN=127.0.0.1:8302' >server.env
  estream manage start --data data --env server.env
`
	manageDone = `
  estream manage stop --data data`
)

// stopLimit is how long "stop" waits for a server to end: sessions get what is
// durable, and the journal is closed.
const stopLimit = 60 * time.Second

// A manager has the verbs of the script that controls the service on a Management
// Center.
type manager struct {
	*env
	o sfestreamerFlags
}

// A verb is one thing that manager can do.
type verb struct {
	name, short string
	run         func(*manager, context.Context) error
}

// verbs are in the order of the menu, which counts from 1. Operators know 2 and 4 by
// heart.
var verbs = []verb{
	{"start", "start the service", (*manager).start},
	{"stop", "stop the service", (*manager).stop},
	{"reload", "make the service read its settings again", (*manager).reload},
	{"restart", "stop the service and start it again", (*manager).restart},
	{"status", "show how the service is, and who is connected", (*manager).status},
	{"troubleshoot", "write a file with everything that support asks for", (*manager).troubleshoot},
}

func (e *env) manage() *cobra.Command {
	m := &manager{env: e}
	cmd := &cobra.Command{
		Use:   "manage [VERB]",
		Short: "start, stop and examine the server, by verb or from a menu",
		Long: `manage controls a server in the background, as manage_estreamer.pl does on a
Management Center. Without VERB it shows a menu; the numbers of the menu are verbs as
well: "estream manage 2" stops the service.

` + envHelp,
		Example: manageReady + `  printf '5\n7\n' | estream manage --data data --env server.env` + manageDone,
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return m.menu(cmd.Context())
			}
			if v, ok := verbNumber(args[0]); ok {
				return v.run(m, cmd.Context())
			}
			return noSuchCommand(cmd, args)
		},
	}
	m.flags(cmd)
	for _, v := range verbs {
		if v.name != "status" && v.name != "troubleshoot" {
			cmd.AddCommand(m.verb(v))
		}
	}
	cmd.AddCommand(m.statusVerb(), m.troubleshootVerb())
	return cmd
}

// flags adds those that say which server is meant, and how it is started.
func (m *manager) flags(cmd *cobra.Command) { m.o.register(cmd) }

func (m *manager) verb(v verb) *cobra.Command {
	example := manageReady
	switch v.name {
	case "start":
		example = strings.TrimSuffix(example, "\n") + manageDone
	case "stop":
		example += "  estream manage stop --data data"
	case "restart":
		example += "  estream manage restart --data data --env server.env" + manageDone
	default:
		example += "  estream manage " + v.name + " --data data" + manageDone
	}
	cmd := &cobra.Command{
		Use: v.name, Short: v.short, Long: verbHelp[v.name], Example: example, Args: exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error { return v.run(m, cmd.Context()) },
	}
	m.flags(cmd)
	return cmd
}

var verbHelp = map[string]string{
	"start": `start runs the server in the background and returns when clients can connect. That it
runs already is no error.`,
	"stop": `stop asks the server to end: it takes no new connections, live sessions get what is on
the disk for them, then the process ends. stop returns when it has, or fails after a
minute. That no server runs is no error.`,
	"reload": `reload makes the server read its settings again. Sessions that they do not concern
go on.`,
	"restart": `restart is stop and start. Clients connect again and get what they missed: the journal
keeps it.`,
}

// verbNumber returns the verb with a number in the menu.
func verbNumber(s string) (verb, bool) {
	if len(s) == 1 && s[0] >= '1' && int(s[0]-'1') < len(verbs) {
		return verbs[s[0]-'1'], true
	}
	return verb{}, false
}

// dial returns the server that is meant.
func (m *manager) dial() (*control.Client, *serverEnv, error) {
	s, err := m.o.read()
	if err != nil {
		return nil, nil, err
	}
	return control.Dial(filepath.Join(s.data, socketName)), s, nil
}

// ask asks a server how it is; nil when none answers.
func ask(ctx context.Context, c *control.Client) (*serverstatus.Status, error) {
	s, err := serverStatus(ctx, c)
	var nobody *control.NotRunningError
	if errors.As(err, &nobody) && !permission(err) {
		return nil, nil
	}
	return s, err
}

func (m *manager) start(ctx context.Context) error {
	s, err := m.o.read()
	if err == nil {
		err = ownDirectory(s.data)
	}
	if err != nil {
		return err
	}
	return m.startServer(ctx, s)
}

func (m *manager) stop(ctx context.Context) error {
	c, _, err := m.dial()
	if err != nil {
		return err
	}
	now, err := ask(ctx, c)
	if err != nil {
		return err
	}
	if now == nil {
		fmt.Fprintln(m.stdout, "The eStreamer service is not running.")
		return nil
	}
	fmt.Fprintf(m.stdout, "Stopping the eStreamer service, process %d ...\n", now.PID)
	if err := terminate(now.PID); errors.Is(err, errors.ErrUnsupported) {
		_, err = c.Post(ctx, "/stop")
		if err != nil {
			return fmt.Errorf("stop: %w", err)
		}
	} else if err != nil {
		return hint(fmt.Errorf("stop process %d: %w", now.PID, err), "run this as the user of the service, or as root")
	}
	limit := time.NewTimer(stopLimit)
	defer limit.Stop()
	look := time.NewTicker(startLook)
	defer look.Stop()
	for alive(now.PID) {
		select {
		case <-look.C:
		case <-limit.C:
			return hint(fmt.Errorf("process %d has not ended within %v", now.PID, stopLimit), "it may be waiting for a disk; estream manage status says more, and a second signal ends it at once")
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	fmt.Fprintln(m.stdout, "Stopped.")
	return nil
}

func (m *manager) restart(ctx context.Context) error {
	if err := m.stop(ctx); err != nil {
		return err
	}
	return m.start(ctx)
}

func (m *manager) reload(ctx context.Context) error {
	c, _, err := m.dial()
	if err != nil {
		return err
	}
	now, err := ask(ctx, c)
	switch {
	case err != nil:
		return err
	case now == nil:
		return hint(errors.New("the eStreamer service is not running"), "estream manage start starts it, with the settings as they are")
	}
	answer, err := c.Post(ctx, "/reload")
	if err != nil {
		return fmt.Errorf("reload: %w", err)
	}
	var done struct {
		Changed []string `json:"changed"`
	}
	if err := json.Unmarshal(answer, &done); err != nil {
		return fmt.Errorf("reload: the service answered %.100q: %w", answer, err)
	}
	if len(done.Changed) == 0 {
		fmt.Fprintln(m.stdout, "Reloaded: nothing has changed.")
		return nil
	}
	fmt.Fprintf(m.stdout, "Reloaded: %s.\n", strings.Join(done.Changed, ", "))
	return nil
}

func (m *manager) status(ctx context.Context) error { return m.showStatus(ctx, false) }

// showStatus prints how the server is; that none runs is status 1.
func (m *manager) showStatus(ctx context.Context, asJSON bool) error {
	c, s, err := m.dial()
	if err != nil {
		return err
	}
	now, err := ask(ctx, c)
	if err != nil {
		return err
	}
	if now == nil {
		fmt.Fprintf(m.stdout, "The eStreamer service is not running (no server answers in %s).\nVersion   estream %s\n", s.data, version())
		return &silentError{exitFailed}
	}
	if asJSON {
		data, err := json.MarshalIndent(now, "", "  ")
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(m.stdout, "%s\n", data)
		return err
	}
	return serverstatus.WriteText(m.stdout, now)
}

func (m *manager) statusVerb() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "show how the service is, and who is connected",
		Long: `status shows what runs in which version, the clients that are connected with their
session numbers, which stand in the log, how many connections were refused and why,
sources, journal and certificates. The exit status is 1 if no server runs.`,
		Example: manageReady + `  estream manage status --data data` + manageDone,
		Args:    exactArgs(),
		RunE:    func(cmd *cobra.Command, _ []string) error { return m.showStatus(cmd.Context(), asJSON) },
	}
	m.flags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
