package doctor

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

// Colours of the verdicts on a terminal (ECMA-48).
var colours = map[Verdict]string{OK: "\x1b[32m", Warning: "\x1b[33m", Failed: "\x1b[1;31m", Skipped: "\x1b[2m"}

const plain = "\x1b[0m"

// UseColour reports whether w is a terminal that colours may be sent to. The
// environment variable NO_COLOR, if not empty, forbids it.
func UseColour(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" || os.Getenv("TERM") == "" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// width of the column with the names of the steps.
const width = len(StepClient)

// WriteStep writes one step for people: a line with the verdict and what was found,
// and for a finding what was tried, the cause and the cure below it.
func WriteStep(w io.Writer, s Step, colour bool) error {
	var b bytes.Buffer
	word := fmt.Sprintf("%-7s", s.Verdict)
	if colour {
		word = colours[s.Verdict] + word + plain
	}
	fmt.Fprintf(&b, "  %s  %-*s  %s\n", word, width, s.Name, s.Found)
	if s.Verdict >= Warning {
		for _, line := range [][2]string{{"tried", s.Tried}, {"cause", string(s.Cause)}, {"cure", s.Cure}, {"by hand", s.ByHand}} {
			if line[1] != "" {
				fmt.Fprintf(&b, "%*s%-8s %s\n", width+13, "", line[0]+":", line[1])
			}
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

// WriteSummary writes the last line of a report: the step to begin with.
func WriteSummary(w io.Writer, r Report, colour bool) error {
	text := "nothing wrong was found"
	s, bad := r.Worst()
	if bad {
		text = fmt.Sprintf("%s: %s (%s)", s.Name, s.Cause, s.Verdict)
		if s.Verdict == Warning {
			text += "; nothing failed"
		}
	}
	if colour && bad {
		text = colours[s.Verdict] + text + plain
	}
	_, err := fmt.Fprintf(w, "%s: %s\n", clean(r.Target), text)
	return err
}

// WriteText writes reports for people, one after the other.
func WriteText(w io.Writer, colour bool, reports ...Report) error {
	for i, r := range reports {
		head := clean(r.Target) + "\n"
		if i > 0 {
			head = "\n" + head
		}
		if _, err := io.WriteString(w, head); err != nil {
			return err
		}
		for _, s := range r.Steps {
			if err := WriteStep(w, s, colour); err != nil {
				return err
			}
		}
		if err := WriteSummary(w, r, colour); err != nil {
			return err
		}
	}
	return nil
}

// WriteJSON writes reports as one JSON object, indented: "reports", each with
// target, began, cause (of the step to begin with, or "") and steps; and "status",
// the exit status.
func WriteJSON(w io.Writer, reports ...Report) error {
	type entry struct {
		Report
		Cause Cause `json:"cause"`
	}
	entries := make([]entry, len(reports))
	for i, r := range reports {
		entries[i] = entry{r, r.Cause()}
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	err := e.Encode(struct {
		Status  int     `json:"status"`
		Reports []entry `json:"reports"`
	}{ExitStatus(reports...), entries})
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, b.String())
	return err
}
