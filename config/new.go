package config

import (
	"bytes"

	"go.yaml.in/yaml/v4"
)

// A First configuration has one Management Center and one output.
type First struct {
	Name         string // of the source
	Host         string
	Port         int    // 0: the usual one
	PKCS12       string // path
	PasswordFile string // path, "" for none
	Start        string // as in sources[].start
	State        string // path, "" for the default
	Format       string // of the output, and its name
	To           string
}

// New returns the text of a small configuration to begin with. The errors are those
// of Parse.
func New(f First) ([]byte, error) {
	source := mapping{{"name", f.Name}, {"host", f.Host}}
	if f.Port != 0 {
		source = append(source, pair{"port", f.Port})
	}
	source = append(source, pair{"pkcs12", f.PKCS12})
	if f.PasswordFile != "" {
		source = append(source, pair{"password", mapping{{"file", f.PasswordFile}}})
	}
	source = append(source, pair{"start", f.Start})
	all := mapping{{"version", 1}}
	if f.State != "" {
		all = append(all, pair{"state", f.State})
	}
	all = append(all, pair{"sources", []mapping{source}}, pair{"outputs", []mapping{{{"name", f.Format}, {"format", f.Format}, {"to", f.To}}}})
	text := bytes.NewBufferString("# Check it with `estream config check`; `estream config reference` shows what else there is.\n")
	enc := yaml.NewEncoder(text)
	enc.SetIndent(2)
	if err := enc.Encode(all); err != nil {
		return nil, err
	}
	if _, err := Parse("new configuration", text.Bytes()); err != nil {
		return nil, err
	}
	return text.Bytes(), nil
}

// A mapping is one of YAML whose keys keep their order.
type mapping []pair

type pair struct {
	key   string
	value any
}

// MarshalYAML implements yaml.Marshaler.
func (m mapping) MarshalYAML() (any, error) {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, p := range m {
		var key, value yaml.Node
		if err := key.Encode(p.key); err != nil {
			return nil, err
		}
		if err := value.Encode(p.value); err != nil {
			return nil, err
		}
		n.Content = append(n.Content, &key, &value)
	}
	return n, nil
}
