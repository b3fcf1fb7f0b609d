package cli

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

func TestScriptArgs(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"server -o csv", "output=csv | server"},
		{"-o csv server -f out", "file=out output=csv | server"},
		{"--output=csv -FILE=out server", "file=out output=csv | server"},
		{"-po 1 -pk a -pa b -s all -i -v -h 10.0.0.1,10.0.0.2 -d x server", "domain=x host=10.0.0.1,10.0.0.2 ipv6=true password=b pkcs12=a port=1 start=all verbose=true | server"},
		{"-ipv6 -start now -port 2 -pkcs12 c -password - -verbose", "ipv6=true password=- pkcs12=c port=2 start=now verbose=true | "},
		{"-fl +IDS-RUA -fo 3s -co 4 -tr t -w x -j server", "count=4 flags=+IDS-RUA for=3s json=true trace=t where=x | server"},
		{"-flags -IDS server", "flags=-IDS | server"},
		{"-pair 1=2 -he -hex", "help=true pairs=1=2 hex=true | "},
		{"-i=false server", " | server"},
		{"-- -o server", " | -o server"},
		{"-", " | -"},
	} {
		flags := (&env{}).root()
		cmd, _, err := flags.Find([]string{"request"})
		if err != nil {
			t.Fatal(err)
		}
		cmd.InheritedFlags()
		rest, err := parseScriptArgs(cmd.Flags(), strings.Fields(c.line))
		if c.line == "-pair 1=2 -he -hex" {
			if err == nil || !strings.Contains(err.Error(), "option he is ambiguous (help, hex)") {
				t.Errorf("%s: %v", c.line, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.line, err)
			continue
		}
		var set []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Changed && f.Value.String() != "false" {
				set = append(set, fmt.Sprintf("%s=%s", f.Name, f.Value))
			}
		})
		slices.Sort(set)
		if got := strings.Join(set, " ") + " | " + strings.Join(rest, " "); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.line, got, c.want)
		}
	}
	for _, c := range []struct{ line, want string }{
		{"-p 1", "option p is ambiguous (password, pkcs12, port)"},
		{"-zzz", "unknown option: zzz"},
		{"-o", "option output requires an argument"},
		{"-o -- x", "option output requires an argument"},
		{"-count x", `a number is expected`},
		{"--=x", "unknown option"},
	} {
		cmd, _, err := (&env{}).root().Find([]string{"request"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parseScriptArgs(cmd.Flags(), strings.Fields(c.line)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.line, err, c.want)
		}
	}
}
