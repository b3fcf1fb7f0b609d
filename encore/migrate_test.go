package encore

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"estream/config"
	"estream/encore/conf"
	"estream/estreamtest"
)

// TestMigrate: what is made of each sample is a configuration without mistakes, and
// stays as the golden files have it.
func TestMigrate(t *testing.T) {
	for _, sample := range []string{"estreamer-3.5.4.conf", "estreamer-3.5.4-cef-file.conf", "estreamer-3.5.4-no-extended.conf", "estreamer-5.x.conf"} {
		t.Run(sample, func(t *testing.T) {
			r := newRoom(t, nil, sample, nil)
			r.write(r.own("bookmark.dat"), `{"1": 1591210950}`)
			yaml, notes, err := Migrate(r.dir)
			if err != nil {
				t.Fatal(err)
			}
			c, err := config.Parse("estream.yaml", yaml)
			if err != nil {
				t.Fatalf("%v\n%s", err, yaml)
			}
			if len(c.Sources) != 1 || len(c.Outputs) == 0 {
				t.Errorf("%d sources, %d outputs", len(c.Sources), len(c.Outputs))
			}
			text := string(yaml) + "\n" + strings.Join(notes, "\n") + "\n"
			golden(t, "migrate-"+strings.TrimSuffix(sample, ".conf")+".golden", strings.ReplaceAll(text, r.dir, "DIR"))
		})
	}
}

// TestMigrateOdd: everything that differs from the samples.
func TestMigrateOdd(t *testing.T) {
	center := estreamtest.Start(t)
	r := newRoom(t, center, "estreamer-5.x.conf", func(d *conf.Document) {
		d.Set([]any{
			map[string]any{"adapter": "cef", "enabled": true, "stream": map[string]any{"uri": "udp://[::1]:514"}},
			map[string]any{"adapter": "cef2", "enabled": true, "stream": map[string]any{"uri": "file:///var/log/a b/x{0}.cef", "options": map[string]any{"rotate": false}}},
			map[string]any{"adapter": "json", "enabled": true, "stream": map[string]any{"uri": "scp://u:pw@host/dir/y{0}.json"}},
			map[string]any{"adapter": "json", "enabled": false, "stream": map[string]any{"uri": "nothing"}},
			map[string]any{"adapter": "splunk", "enabled": true, "passthru": true, "stream": map[string]any{"uri": "stdout://"}},
			map[string]any{"adapter": "csv", "enabled": true, "stream": map[string]any{"uri": "file:///:rel/"}},
		}, "handler", "outputters")
		d.Set("utf-8", "subscription", "records", "packetEncoding")
		d.Set(1.0, "subscription", "servers", 0, "tlsVersion")
		d.Set(false, "enabled")
		d.Set("x", "password")
		d.Set([]any{"splunk"}, "conditions")
		d.Set(1, "start")
	})
	f := FilesFor(r.dir, mustConf(t, r))
	if err := (&keys{fsOS, &f}).split("secret"); err != nil {
		t.Fatal(err)
	}
	yaml, notes, err := Migrate(r.dir)
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Parse("estream.yaml", yaml)
	if err != nil {
		t.Fatalf("%v\n%s", err, yaml)
	}
	if len(c.Outputs) != 5 || c.Sources[0].Certificate != f.Cert || c.Sources[0].PKCS12 != "" || c.Sources[0].TLSMin != "1.0" {
		t.Errorf("%+v", c.Sources[0])
	}
	if strings.Contains(string(yaml)+strings.Join(notes, "\n"), ": x\n") {
		t.Error("the password was copied")
	}
	golden(t, "migrate-odd.golden", strings.ReplaceAll(strings.ReplaceAll(r.plain(string(yaml)+"\n"+strings.Join(notes, "\n")+"\n"), "port: "+r.port, "port: PORT"), r.host, "HOST"))
}

func TestMigrateErrors(t *testing.T) {
	if _, _, err := Migrate(t.TempDir()); err == nil || !strings.Contains(err.Error(), ConfName) {
		t.Errorf("%v", err)
	}
	for want, change := range map[string]func(*conf.Document){
		"was never set":        func(d *conf.Document) { d.Set("1.2.3.4", "subscription", "servers", 0, "host") },
		"no output is enabled": func(d *conf.Document) { d.Set([]any{}, "handler", "outputters") },
		"Unrecognised adapter": func(d *conf.Document) { d.Set("odd", "handler", "outputters", 0, "adapter") },
		"has no \"//\"":        func(d *conf.Document) { d.Set("odd", "handler", "outputters", 0, "stream", "uri") },
	} {
		r := newRoom(t, nil, "estreamer-5.x.conf", change)
		if _, _, err := Migrate(r.dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", want, err)
		}
	}
	r := newRoom(t, nil, "estreamer-5.x.conf", nil)
	for _, name := range []string{"pkcs.key", "pkcs.cert"} {
		if err := os.WriteFile(filepath.Join(r.dir, r.own(name)), []byte("no PEM"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := Migrate(r.dir); err == nil || !strings.Contains(err.Error(), "PEM") {
		t.Errorf("%v", err)
	}
}
