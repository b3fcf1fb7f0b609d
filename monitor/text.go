package monitor

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"estream/service"
)

// maxShown is how many alarms, and how many clients, WriteText shows one by one.
const maxShown = 20

// Colours on a terminal (ECMA-48).
const (
	green  = "\x1b[32m"
	yellow = "\x1b[33m"
	red    = "\x1b[1;31m"
	plain  = "\x1b[0m"
)

var colours = map[Severity]string{Critical: red, Error: red, Warning: yellow}

// WriteText writes a page for people: in the first line whether all is well,
// below it what is wrong and what to do, then the figures. Text that came from
// servers is shown without control characters.
func WriteText(w io.Writer, p *Page, colour bool) error {
	t := text{page: p, colour: colour}
	t.verdict()
	t.alarms()
	if p.Running {
		t.sources()
		t.journal()
		t.outputs()
		t.server()
		t.events()
	}
	_, err := w.Write(t.Bytes())
	return err
}

type text struct {
	bytes.Buffer
	page   *Page
	colour bool
}

func (t *text) paint(colour, s string) string {
	if !t.colour || colour == "" {
		return s
	}
	return colour + s + plain
}

// verdict writes the line that is there for those who read no further.
func (t *text) verdict() {
	p := t.page
	connected, works := 0, 0
	for i := range p.Sources {
		connected += int(bit(p.Sources[i].Connected))
	}
	for i := range p.Outputs {
		works += int(bit(p.Outputs[i].Works))
	}
	n := map[Severity]int{}
	for _, a := range p.Alarms {
		n[a.Severity]++
	}
	word, colour := "ALL IS WELL", green
	switch {
	case !p.Running:
		word, colour = "DOES NOT RUN", red
	case n[Critical] > 0:
		word, colour = "DOES NOT WORK", red
	case n[Error] > 0:
		word, colour = "NEEDS HELP", red
	case !p.Ready:
		word, colour = "NOT READY", yellow
	case n[Warning] > 0:
		word, colour = "WORKS, WITH WARNINGS", yellow
	}
	fmt.Fprintf(t, "%s  estream %s, %s\n", t.paint(colour, word), clip(p.Version), p.At.UTC().Format("2006-01-02 15:04:05 UTC"))
	if p.Running {
		fmt.Fprintf(t, "%d of %s connected, %d of %s work; %s/s in, %s/s out\n",
			connected, count(uint64(len(p.Sources)), "source"), works, count(uint64(len(p.Outputs)), "output"), rateText(p.Rates.Received), rateText(p.Rates.Written))
	}
}

// alarms writes what is wrong; what is about to become an alarm, if it stands in
// the way of work, too.
func (t *text) alarms() {
	all, at := t.page.Alarms, map[string]bool{}
	for _, a := range all {
		at[a.ID] = true
	}
	for _, a := range t.page.NotReady {
		if !at[a.ID] {
			all = append(all[:len(all):len(all)], a)
		}
	}
	for i, a := range all {
		if i == maxShown {
			fmt.Fprintf(t, "\nand %s; \"estream status --json\" has all\n", count(uint64(len(all)-i), "more alarm"))
			break
		}
		fmt.Fprintf(t, "\n%s  %s: %s (since %s)\n", t.paint(colours[a.Severity], fmt.Sprintf("%-8s", a.Severity)), clip(a.Subject), clip(a.Text), a.Since.UTC().Format("2006-01-02 15:04 UTC"))
		fmt.Fprintf(t, "%10sdo: %s\n", "", clip(a.Cure))
	}
}

func (t *text) sources() {
	rows := [][]string{{"SOURCE", "", ">RECEIVED/S", ">RECEIVED", ">REPEATED", ">LAST CAME", ">NEWEST EVENT", "SERVER"}}
	for i := range t.page.Sources {
		s := &t.page.Sources[i]
		state := t.paint(green, "connected")
		switch {
		case s.Ended:
			state = "at its end"
		case s.Sensor && s.Connected:
			state = t.paint(green, "reads")
		case s.Sensor:
			state = t.paint(red, "fails")
		case !s.Connected:
			state = t.paint(red, "no session")
		}
		rows = append(rows, []string{
			clip(s.Name), state, rateText(t.page.Rates.Sources[s.Name].Received), number(s.Received), number(s.Repeated),
			t.ago(s.LastReceived), t.ago(s.LastEvent), clip(s.Server),
		})
	}
	t.table(rows)
}

// server writes who listens to us, where there is a server.
func (t *text) server() {
	s := t.page.Server
	if s == nil {
		return
	}
	where := "listens on " + clip(strings.Join(s.Listen, ", "))
	if s.Error != "" {
		where = t.paint(red, "listens nowhere") + ": " + clip(s.Error)
	}
	fmt.Fprintf(t, "\nSERVER  %s; %s refused\n", where, count(s.Refused, "connection"))
	if len(s.Clients) == 0 {
		fmt.Fprintf(t, "%8sno client is connected\n", "")
		return
	}
	rows := [][]string{{"CLIENT", "FROM", ">CONNECTED", ">SENT", ">UNACKNOWLEDGED", ">BEHIND"}}
	for i := range s.Clients {
		c := &s.Clients[i]
		if i == maxShown {
			rows = append(rows, []string{fmt.Sprintf("and %d more", len(s.Clients)-i), "", "", "", "", ""})
			break
		}
		rows = append(rows, []string{clip(c.Host), c.Remote, t.ago(c.Since), number(c.Sent), number(uint64(max(c.Waiting, 0))), number(c.Behind)})
	}
	t.table(rows)
}

func (t *text) journal() {
	j := &t.page.Journal
	fmt.Fprintf(t, "\nJOURNAL  %s in %s, %s", Bytes(uint64(max(j.Bytes, 0))), count(uint64(max(j.Segments, 0)), "segment"), count(j.Messages, "message"))
	if t.page.Space.Total > 0 {
		fmt.Fprintf(t, "; %s of %s free on its disk", Bytes(t.page.Space.Free), Bytes(t.page.Space.Total))
	}
	t.WriteByte('\n')
	if j.HeldBytes > 0 {
		fmt.Fprintf(t, "%9s%s above its limit, because %s has not written them\n", "", Bytes(uint64(j.HeldBytes)), clip(j.HeldBy))
	}
	for _, g := range t.page.Groups {
		fmt.Fprintf(t, "GROUP    %s of %s: %s came twice and were kept once\n", clip(g.Name), clip(strings.Join(g.Members, ", ")), count(g.Repeated, "event"))
	}
}

func (t *text) outputs() {
	rows := [][]string{{"OUTPUT", "", ">LINES/S", ">WRITTEN", ">WAITING", ">BEHIND", ">LOST", "DESTINATION"}}
	for i := range t.page.Outputs {
		o := &t.page.Outputs[i]
		state := t.paint(green, "works")
		if !o.Works {
			state = t.paint(red, "fails")
		}
		behind := "-"
		if o.Waiting > 0 {
			behind = Age(seconds(o.Behind))
		}
		rows = append(rows, []string{
			clip(o.Name), state, rateText(t.page.Rates.Outputs[o.Name].Lines), number(o.Lines + o.Raw), number(o.Waiting), behind, number(never(o)), clip(o.Destination),
		})
	}
	t.table(rows)
	t.WriteByte('\n')
	rows = nil
	for i := range t.page.Outputs {
		if o := &t.page.Outputs[i]; o.Guarantee != "" {
			rows = append(rows, []string{clip(o.Name), clip(o.Guarantee)})
		}
	}
	if len(rows) > 0 {
		t.WriteString("DELIVERY\n")
		t.rows(rows)
	}
}

// never returns how many events an output will never have.
func never(o *service.OutputStatus) uint64 {
	n := o.Lost + o.Shed
	if o.Transport != nil {
		n += o.Transport.Lost + o.Transport.Rejected
	}
	return n
}

// events writes what came by category.
func (t *text) events() {
	rows := [][]string{{"CATEGORY", ">EVENTS", ">LAST CAME", "FROM"}}
	for _, c := range t.page.Categories {
		rows = append(rows, []string{clip(c.Name), number(c.Events), t.ago(c.LastReceived), clip(strings.Join(c.Sources, ", "))})
	}
	if len(rows) > 1 {
		t.table(rows)
	}
	if n := len(t.page.Devices); n > 0 {
		fmt.Fprintf(t, "\n%s had events; \"estream status --json\" lists them\n", count(uint64(n), "managed device"))
	}
}

// ago says how long ago something was.
func (t *text) ago(at time.Time) string {
	if at.IsZero() {
		return "never"
	}
	d := t.page.At.Sub(at)
	if d < -time.Minute {
		return "in " + Age(-d)
	}
	return Age(max(d, 0)) + " ago"
}

func rateText(rate float64) string {
	if rate > 0 && rate < 10 {
		return fmt.Sprintf("%.1f", rate)
	}
	return number(uint64(max(rate, 0) + 0.5))
}

// table writes rows below a heading.
func (t *text) table(rows [][]string) {
	t.WriteByte('\n')
	t.rows(rows)
}

// rows writes columns; those whose first cell begins with ">" are aligned at the right.
func (t *text) rows(rows [][]string) {
	right, widths := make([]bool, len(rows[0])), make([]int, len(rows[0]))
	for i, cell := range rows[0] {
		rows[0][i], right[i] = strings.CutPrefix(cell, ">")
	}
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], shown(cell))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-shown(cell))
			if right[i] {
				line.WriteString(pad + cell + "  ")
			} else {
				line.WriteString(cell + pad + "  ")
			}
		}
		t.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
}

// shown returns how many characters of a cell can be seen.
func shown(cell string) int {
	for _, c := range []string{green, yellow, red, plain} {
		cell = strings.ReplaceAll(cell, c, "")
	}
	return utf8.RuneCountInString(cell)
}
