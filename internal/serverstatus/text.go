package serverstatus

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
)

// WriteText writes a status for people: what runs, who is connected, where events come
// from, what is kept. The error is that of w.
func WriteText(w io.Writer, s *Status) error {
	t := &text{out: new(bytes.Buffer), at: s.At}
	t.head(s)
	t.clients(s)
	t.sources(s)
	t.journal(s)
	t.certificates(s)
	for _, p := range s.Problems {
		fmt.Fprintf(t.out, "\n! %s", clean(p))
	}
	if len(s.Problems) > 0 {
		t.out.WriteByte('\n')
	}
	_, err := w.Write(t.out.Bytes())
	return err
}

type text struct {
	out *bytes.Buffer
	at  time.Time
}

// table writes rows of cells, the first one the heading, in columns.
func (t *text) table(rows [][]string) {
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	for _, r := range rows {
		for i := range r {
			r[i] = cmp.Or(clean(r[i]), "-")
		}
		fmt.Fprintf(w, "  %s\n", strings.Join(r, "\t"))
	}
	_ = w.Flush() // into memory
}

func (t *text) head(s *Status) {
	state := "is starting"
	switch {
	case s.Draining:
		state = "is ending: live sessions get what is left for them"
	case s.Ready:
		state = "runs"
	}
	fmt.Fprintf(t.out, "The eStreamer service %s, process %d", state, s.PID)
	if !s.Started.IsZero() {
		fmt.Fprintf(t.out, ", since %s (%s)", stamp(s.Started), duration(t.at.Sub(s.Started)))
	}
	fmt.Fprintf(t.out, ".\nVersion   estream %s, %s, %s", s.Versions.Estream, s.Versions.Go, s.Versions.System)
	if s.Versions.Blocks > 0 {
		fmt.Fprintf(t.out, "; knows %d record types and %d data blocks", s.Versions.Records, s.Versions.Blocks)
	}
	fmt.Fprintf(t.out, "\nData      %s\nListens   %s\n", clean(s.Data), cmp.Or(strings.Join(s.Listen, ", "), "nowhere"))
	if s.Role != "" {
		fmt.Fprintf(t.out, "Role      %s\n", s.Role)
	}
	if len(s.Boxes) > 0 {
		fmt.Fprintf(t.out, "Events    %s\n", strings.Join(s.Boxes, ", "))
	}
	if !s.HostCheck {
		t.out.WriteString("The host check is off: registered clients are admitted from any address.\n")
	}
}

func (t *text) clients(s *Status) {
	c := s.Connections
	fmt.Fprintf(t.out, "\nClients: %d registered, %d connected; %d connections so far, %d refused, %d failed, %d turned away by a limit\n",
		s.Registered, c.Sessions, c.Accepted, sum(c.Refused), c.Failed, c.Busy)
	fmt.Fprintf(t.out, "Sent: %d messages, %s\n", c.Messages, size(int64(c.Bytes)))
	if len(s.Clients) > 0 {
		rows := [][]string{{"SESSION", "CLIENT", "FROM", "SINCE", "MESSAGES", "SENT", "UNACKNOWLEDGED", "BEHIND"}}
		for _, v := range s.Clients {
			rows = append(rows, []string{
				fmt.Sprint(v.Session), v.Host, v.Remote.String(), duration(t.at.Sub(v.Since)), fmt.Sprint(v.Messages), size(int64(v.Bytes)), fmt.Sprint(v.Waiting), fmt.Sprint(v.Behind),
			})
		}
		t.table(rows)
		t.out.WriteString("Host table:\n")
		for _, e := range HostTable(s.Clients) {
			numbers := make([]string, len(e.Sessions))
			for i, n := range e.Sessions {
				numbers[i] = fmt.Sprint(n)
			}
			fmt.Fprintf(t.out, "  %s(%s)\n", e.Addr, strings.Join(numbers, ","))
		}
	}
	if len(c.Refused) > 0 {
		t.out.WriteString("Refused:\n")
		for _, reason := range slices.Sorted(maps.Keys(c.Refused)) {
			fmt.Fprintf(t.out, "  %d %s\n", c.Refused[reason], reason)
		}
	}
}

// A HostEntry is an address with the sessions of its client.
type HostEntry struct {
	Addr     netip.Addr
	Sessions []uint64 // ascending
}

// HostTable returns who is connected by address.
func HostTable(clients []Client) []HostEntry {
	sessions := map[netip.Addr][]uint64{}
	for _, c := range clients {
		a := c.Remote.Addr().Unmap()
		sessions[a] = append(sessions[a], c.Session)
	}
	table := make([]HostEntry, 0, len(sessions))
	for _, a := range slices.SortedFunc(maps.Keys(sessions), netip.Addr.Compare) {
		slices.Sort(sessions[a])
		table = append(table, HostEntry{a, sessions[a]})
	}
	return table
}

func sum(counts map[string]uint64) (n uint64) {
	for _, c := range counts {
		n += c
	}
	return n
}

func (t *text) sources(s *Status) {
	if len(s.Sources) == 0 {
		t.out.WriteString("\nNo source: clients get what the journal holds.\n")
		return
	}
	t.out.WriteString("\nSources:\n")
	rows := [][]string{{"NAME", "KIND", "DEVICE", "RECEIVED", "JOURNALED", "UNCHECKED", "LAST EVENT", "STATE"}}
	for _, v := range s.Sources {
		last, state := "-", "reads"
		if !v.LastEvent.IsZero() {
			last = stamp(v.LastEvent)
		}
		switch {
		case v.Error != "":
			state = v.Error
		case v.Ended:
			state = "read to its end"
		}
		rows = append(rows, []string{v.Name, v.Kind, v.Device, fmt.Sprint(v.Received), fmt.Sprint(v.Journaled), fmt.Sprint(v.Unchecked), last, state})
	}
	t.table(rows)
}

func (t *text) journal(s *Status) {
	j := s.Journal
	fmt.Fprintf(t.out, "\nJournal: %d messages in %d segments, %s", j.End-min(j.First, j.End), j.Segments, size(j.Bytes))
	if j.RetainBytes > 0 {
		fmt.Fprintf(t.out, " of %s", size(j.RetainBytes))
	}
	if j.RetainAge > 0 {
		fmt.Fprintf(t.out, ", kept for %s", duration(time.Duration(j.RetainAge*float64(time.Second))))
	}
	t.out.WriteByte('\n')
	if !j.Oldest.IsZero() && !j.Newest.IsZero() {
		fmt.Fprintf(t.out, "  from %s to %s\n", stamp(j.Oldest), stamp(j.Newest))
	}
	if j.Deleted > 0 || j.Damaged > 0 {
		fmt.Fprintf(t.out, "  %d messages deleted by retention, %d lost to damage\n", j.Deleted, j.Damaged)
	}
	if j.Stall != "" {
		fmt.Fprintf(t.out, "  cannot be written at present: %s\n", clean(j.Stall))
	}
	if s.NetworkMap != nil {
		fmt.Fprintf(t.out, "Network map: %d hosts, %d forgotten for want of room\n", s.NetworkMap.Hosts, s.NetworkMap.Evicted)
	}
}

func (t *text) certificates(s *Status) {
	for i, c := range s.Certificates {
		if i == 0 {
			t.out.WriteString("\nCertificates:\n")
		}
		left := c.NotAfter.Sub(t.at)
		if left <= 0 {
			fmt.Fprintf(t.out, "  %s has expired, on %s\n", clean(c.Name), stamp(c.NotAfter))
			continue
		}
		fmt.Fprintf(t.out, "  %s until %s, %d days\n", clean(c.Name), stamp(c.NotAfter), int(left.Hours()/24))
	}
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }

// duration writes a span in its two largest units.
func duration(d time.Duration) string {
	d = max(0, d.Round(time.Second))
	days, hours, minutes := d/(24*time.Hour), d/time.Hour%24, d/time.Minute%60
	switch {
	case days > 0:
		return fmt.Sprintf("%dd %dh", days, hours)
	case hours > 0:
		return fmt.Sprintf("%dh %dm", hours, minutes)
	case minutes > 0:
		return fmt.Sprintf("%dm %ds", minutes, d/time.Second%60)
	}
	return fmt.Sprintf("%ds", d/time.Second)
}

// size writes a number of bytes in binary units.
func size(n int64) string {
	const units = "KMGTPE"
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	f, u := float64(n)/1024, 0
	for f >= 1024 && u < len(units)-1 {
		f, u = f/1024, u+1
	}
	return fmt.Sprintf("%.1f %ciB", f, units[u])
}

// clean makes text from elsewhere harmless on a terminal.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, s)
}
