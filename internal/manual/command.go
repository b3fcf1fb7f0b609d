package manual

import (
	"cmp"
	"slices"
	"strings"
)

// A Command is what the command line knows of one of its commands.
type Command struct {
	Path        string // estream client add
	Args        string // what follows the path: HOST
	Short, Long string
	Example     string
	Commands    []Command // what stands below it
	Flags       []Flag    // its own
	Global      []Flag    // those of all commands
}

// A Flag is an option of a command.
type Flag struct {
	Name, Short string // without hyphens; Short may be empty
	Arg         string // name of its value; empty for a switch
	Usage       string
	Default     string // empty when the usage says enough
}

// Pages returns the page of c and those of all commands below it. Exit is a text on exit statuses for c's
// own page, in lines of status, tab and meaning.
func (r Release) Pages(c Command, exit string) []Page {
	return r.pages(c, nil, exit)
}

func (r Release) pages(c Command, parents []Command, exit string) []Page {
	name := pageName(c)
	w := r.begin(name, 1, c.Short)
	w.synopsis(c)
	w.section("DESCRIPTION")
	w.prose(c.Long, escape)
	if len(c.Commands) > 0 {
		w.section("COMMANDS")
		w.line(".Bl -tag -width Ds")
		for _, sub := range c.Commands {
			w.line(".It Xr", pageName(sub), "1")
			w.fill(escape(sentence(sub.Short)))
		}
		w.line(".El")
	}
	w.section("OPTIONS")
	w.options(c.Flags)
	if len(parents) > 0 && len(c.Global) > 0 {
		w.subsection("Options of all commands")
		w.options(c.Global)
	}
	if exit != "" {
		w.section("EXIT STATUS")
		w.line(".Bl -tag -width Ds")
		for line := range strings.Lines(exit) {
			status, meaning, _ := strings.Cut(strings.TrimSpace(line), "\t")
			w.line(".It", macroArg(status))
			w.fill(escape(sentence(meaning)))
		}
		w.line(".El")
	}
	if c.Example != "" {
		w.section("EXAMPLES")
		w.literal(strings.Split(strings.Trim(c.Example, "\n"), "\n"))
	}
	w.seeAlso(neighbours(c, parents))

	pages := []Page{w.page(name, 1)}
	for _, sub := range c.Commands {
		pages = append(pages, r.pages(sub, append(slices.Clone(parents), c), "")...)
	}
	return pages
}

func pageName(c Command) string { return strings.ReplaceAll(c.Path, " ", "-") }

func (w *writer) synopsis(c Command) {
	w.section("SYNOPSIS")
	w.line(".Nm", code(c.Path))
	args := c.Args
	if len(c.Commands) > 0 && args == "" {
		args = "COMMAND"
	}
	// What an argument may be is written as in the help, [FILE|DIR|-], in which the brackets are the text.
	words := strings.Fields(args)
	for i := 0; i < len(words); i++ {
		flag, isFlag := strings.CutPrefix(words[i], "-")
		optional, isOptional := strings.CutPrefix(words[i], "[-")
		switch {
		case isFlag && flag != "":
			w.line(".Fl", macroArg(flag))
		case isOptional && i+1 < len(words) && strings.HasSuffix(words[i+1], "]"): // [-c FILE]
			w.line(".Op Fl", macroArg(optional), "Ar", macroArg(strings.TrimSuffix(words[i+1], "]")))
			i++
		default:
			w.line(".Ar", macroArg(words[i]))
		}
	}
	w.line(".Op Ar option ...")
}

func (w *writer) options(flags []Flag) {
	w.line(".Bl -tag -width Ds")
	for _, f := range flags {
		item := ".It"
		if f.Short != "" {
			item += " Fl " + macroArg(f.Short) + " ,"
		}
		item += " Fl " + macroArg("-"+f.Name)
		if f.Arg != "" {
			item += " Ar " + macroArg(f.Arg)
		}
		w.line(item)
		text := sentence(f.Usage)
		if f.Default != "" {
			text += " Default: " + f.Default + "."
		}
		w.fill(escape(text))
	}
	w.line(".El")
}

// neighbours names the pages around c: above, below, and of what its flags take.
func neighbours(c Command, parents []Command) (refs []reference) {
	for _, near := range [][]Command{parents, c.Commands} {
		for _, n := range near {
			refs = append(refs, reference{pageName(n), 1})
		}
	}
	has := func(flag string) bool {
		return slices.ContainsFunc(c.Flags, func(f Flag) bool { return f.Name == flag })
	}
	if len(parents) == 0 || has("config") {
		refs = append(refs, reference{"estream.yaml", 5})
	}
	if len(parents) == 0 || has("where") {
		refs = append(refs, reference{"estream-filters", 7})
	}
	slices.SortFunc(refs, func(a, b reference) int {
		return cmp.Or(cmp.Compare(a.section, b.section), strings.Compare(a.name, b.name))
	})
	return refs
}
