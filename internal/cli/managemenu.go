package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// menu asks what to do until it is told to end. A verb that fails does not end it.
func (m *manager) menu(ctx context.Context) error {
	in := bufio.NewReader(io.LimitReader(m.stdin, 1<<20))
	for ctx.Err() == nil {
		fmt.Fprintln(m.stdout, "\neStreamer service")
		for i, v := range verbs {
			fmt.Fprintf(m.stdout, "  %d  %s: %s\n", i+1, v.name, v.short)
		}
		fmt.Fprintf(m.stdout, "  %d  exit\nWhat? ", len(verbs)+1)
		line, err := in.ReadString('\n')
		word := strings.TrimSpace(line)
		if err != nil && word == "" {
			fmt.Fprintln(m.stdout)
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		v, ok := verbNumber(word)
		for _, named := range verbs {
			if named.name == word {
				v, ok = named, true
			}
		}
		switch {
		case word == "exit", word == fmt.Sprint(len(verbs)+1):
			return nil
		case !ok:
			fmt.Fprintf(m.stdout, "Found %q, expected a number from 1 to %d.\n", word, len(verbs)+1)
			continue
		}
		fmt.Fprintln(m.stdout)
		if err := v.run(m, ctx); err != nil {
			m.tell(err)
		}
	}
	return nil
}

// tell writes an error as the end of a command does.
func (m *manager) tell(err error) {
	var silent *silentError
	if errors.As(err, &silent) {
		return
	}
	fmt.Fprintf(m.stderr, "estream: %v\n", err)
	var h *hintError
	if errors.As(err, &h) {
		fmt.Fprintf(m.stderr, "estream: hint: %s\n", h.hint)
	}
}
