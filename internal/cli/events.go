package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"

	"estream/admin"

	"github.com/spf13/cobra"
)

// events is the left half of a Management Center's eStreamer page.
func (e *env) events() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "events",
		Short: "choose which event types a server captures and sends",
		Long: `An event type that is not enabled is neither captured nor sent; what was captured
before stays, and is sent again once the type is enabled. A client still has to ask
for what it wants. A running server takes part at once; sessions that asked for a type
that was disabled end.

A server with the role "device" has intrusion events, their packets and extra data
only: estream admin role.`,
		Example: `  mkdir -p data
  estream events list --data data`,
		Args: noSuchCommand,
		RunE: func(cmd *cobra.Command, args []string) error { return cmd.Help() },
	}
	cmd.AddCommand(e.eventsList(),
		e.eventsCheck("enable", "capture and send event types",
			func(ctx context.Context, s *admin.Store, names []string) error { return s.CheckBoxes(ctx, names, nil) }),
		e.eventsCheck("disable", "neither capture nor send event types",
			func(ctx context.Context, s *admin.Store, names []string) error { return s.CheckBoxes(ctx, nil, names) }))
	return cmd
}

func (e *env) eventsList() *cobra.Command {
	var (
		data   string
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "list",
		Short: "list the event types",
		Example: `  mkdir -p data
  estream events list --data data --json`,
		Args: exactArgs(),
		RunE: func(cmd *cobra.Command, args []string) error {
			set, err := e.settings(data)
			if err != nil {
				return err
			}
			role, boxes, err := set.Events()
			if err != nil {
				return err
			}
			if asJSON {
				return e.printJSON(map[string]any{"role": role, "boxes": boxes})
			}
			w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "EVENT TYPE\tSTATE")
			for _, b := range boxes {
				state := "disabled"
				switch {
				case !b.Offered:
					state = "not with role " + role
				case b.Checked:
					state = "enabled"
				}
				fmt.Fprintf(w, "%s\t%s\n", b.Name, state)
			}
			return w.Flush()
		},
	}
	cmd.Flags().StringVar(&data, "data", "", "the server's data `DIR`")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (e *env) eventsCheck(name, short string, change func(context.Context, *admin.Store, []string) error) *cobra.Command {
	var data string
	cmd := &cobra.Command{
		Use:   name + " TYPE...",
		Short: short,
		Example: fmt.Sprintf(`  mkdir -p data
  estream events %s discovery connection --data data`, name),
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return hint(usagef("TYPE is missing"), "estream events list shows the types; all stands for each of them")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := e.openSettings(data)
			if err != nil {
				return err
			}
			if err := change(cmd.Context(), s, args); err != nil {
				return refused(err)
			}
			fmt.Fprintf(e.stderr, "%sd %s; captured and sent: %s\n", name, strings.Join(args, ", "), s.Boxes())
			return nil
		},
	}
	cmd.Flags().StringVar(&data, "data", "", "the server's data `DIR`")
	return cmd
}

func (e *env) printJSON(v any) error {
	enc := json.NewEncoder(e.stdout)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
