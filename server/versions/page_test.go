package versions

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"estream/layouts"
)

var update = flag.Bool("update", false, "rewrite docs/requests.md")

const page = "../../docs/requests.md"

// TestPage holds docs/requests.md against the table: go test ./server/versions -update
// rewrites it.
func TestPage(t *testing.T) {
	want := makePage()
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s does not say what versions.json does; rewrite it with -update", page)
	}
}

const intro = `# Requests, and what the server sends for them

For people who write or run eStreamer clients. This page is generated from ` + "`server/versions/versions.json`" + `;
[records.md](records.md) has the fields of every record and data block named here.

A client asks for event types in versions: by the flags of its event stream request, by the event pairs of a streaming
request (flag bit 30), or both.

- Of several versions of one event type the highest is served. Where pairs name an event type they decide alone; the log says which flag they overrule.
- An event that is stored in the version asked for or an older one goes out as it is. A newer one is written down to the version asked for: fields
  that both versions have are equal, others are zero or empty. A number that the older, narrower field cannot hold becomes its greatest value, an identifier 0.
- Where the version asked for has no known layout, the highest known one below is served, and the log says so once per session.
- An event whose IPv6 addresses a version cannot express is left out and counted: a false address would be worse than none. The log says so, once per session and record type.
- What is stored in a form newer than all known layouts goes to clients that ask for the newest version, as it is, and to no others.
- Before release 5.2 discovery headers have no IPv6 part: clients of such versions get the 40 bytes they expect.
- Metadata that an event refers to comes before it. Each statement is sent once per session, and again when it has changed.
- Start time 0 is everything the journal holds, 0xffffffff only new events, any other value everything archived in that second or later. Metadata from before the start comes first in any case.
- Flag bit 23 gives every record the 16-byte header with the archive time, bit 11 suppresses all events, for clients that only want host data.
- Host data requests may be made at any time after the event stream request; their answers come between events.

`

func makePage() string {
	var b strings.Builder
	b.WriteString(intro)
	b.WriteString("## Flags\n\n| bit | mask | asks for |\n|---|---|---|\n")
	for bit := range uint8(32) {
		for _, e := range Default().Events {
			for _, f := range e.Flags {
				if f.Bit != bit {
					continue
				}
				what := e.Name
				if e.Code != 0 {
					what += fmt.Sprintf(", version %d", f.Version)
				}
				if e.Code == 12 && f.Version == 0 {
					what = e.Name + " in their oldest form"
				}
				if f.Note != "" {
					what += " (" + f.Note + ")"
				}
				fmt.Fprintf(&b, "| %d | 0x%08x | %s |\n", bit, uint32(f.Mask()), what)
			}
		}
	}
	for _, e := range Default().Events {
		if e.Code != 0 {
			eventPage(&b, e)
		}
	}
	return b.String()
}

func eventPage(b *strings.Builder, e *Event) {
	fmt.Fprintf(b, "\n## %s%s (code %d)\n\n| version | releases | %s |\n|---|---|---|\n", strings.ToUpper(e.Name[:1]), e.Name[1:], e.Code, "records")
	for _, v := range e.Versions {
		fmt.Fprintf(b, "| %d | %s | %s |\n", v.Version, v.Product, strings.Join(records(e, v.Version), "; "))
	}
	if e.Only != nil {
		fmt.Fprintf(b, "\nVersions below %d have the records %s only; later ones have all that are known.\n", e.Only.Below, numbers(e.Only.Records))
	}
}

// records says what the families of an event type are written as in a version.
func records(e *Event, version uint16) (list []string) {
	enc := encoder(e, version)
	var missing []uint16
	for _, f := range e.Families {
		if f.New && version < f.Ladder[0].Version {
			continue
		}
		best, newer := -1, false
		for i, form := range f.Ladder {
			record := form.Record
			if record == 0 {
				record = f.Records[0]
			}
			known := enc.layout(form, record) != nil
			if form.Version <= version && known {
				best, newer = i, false
			} else if form.Version <= version {
				newer = true
			}
		}
		switch {
		case best >= 0:
			list = append(list, written(f, best, newer))
		case f.Ladder[len(f.Ladder)-1].Record == 6 && version > 1: // the one record of version 1
		case len(f.Records) > 0:
			missing = append(missing, f.Records...)
		default:
			missing = append(missing, f.Ladder[0].Record)
		}
	}
	if version < e.Since {
		return []string{"not served: no layout is known"}
	}
	if len(missing) > 0 {
		list = append(list, "not served, because no layout is known: "+numbers(missing))
	}
	if len(e.Families) == 0 || e.Code == 61 && version >= e.Since || e.Code == 21 {
		list = append(list, "all others as they are")
	}
	return list
}

func written(f *Family, best int, newer bool) string {
	form := f.Ladder[best]
	text := numbers(f.Records)
	if form.Record != 0 {
		text = fmt.Sprint(form.Record)
	}
	switch _, err := layouts.Default().Layout(form.IPv6, form.Block); {
	case form.IPv6 != 0 && err == nil:
		text += fmt.Sprintf(" (IPv4) or %d (IPv6)", form.IPv6)
	case form.IPv6 != 0:
		text += fmt.Sprintf(" (IPv4; the layout of %d for IPv6 is not known)", form.IPv6)
	}
	switch {
	case form.Number != 0:
		text += " without a block"
	case form.Block != 0:
		text += fmt.Sprintf(" with block %d", form.Block)
		if form.Block == 150 {
			text += " or 7" // by release, not by version
		}
	}
	if newer {
		text += ", served lower: a newer layout is not known"
	}
	return text
}

func numbers(list []uint16) string {
	return strings.ReplaceAll(strings.Trim(fmt.Sprint(list), "[]"), " ", ", ")
}
