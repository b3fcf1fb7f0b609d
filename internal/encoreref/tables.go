package encoreref

import (
	"compress/gzip"
	"embed"
	"encoding/json"
	"fmt"
	"sync"
)

//go:embed testdata/*.json.gz
var files embed.FS

// recordTables is records.json: how messages are laid out for eNcore.
type recordTables struct {
	LayoutVariants map[string]struct {
		Layouts   map[string]*string // by block type; null where eNcore has none
		Otherwise string
	}
	LayoutOnlyTypes []string
	UndefinedBlocks map[string]string
	NeverDecodable  []uint32
	Records         map[string]struct{ Fields []field }
	Blocks          map[string][]field
}

// A field has one of the forms that records.json names in fieldForms.
type field struct {
	Name, Type, Block, ListOf, Header, LengthFrom string
	LengthAdjust                                  int64
}

// viewTables is view.json.
type viewTables struct {
	Cache struct {
		Fill map[string][]store
	}
	Always  []rule
	Records map[string][]rule
	Finally []rule
}

// A store says what a record adds to a table.
type store struct {
	Table  string
	Key    []json.RawMessage // a path, or {"text": "0"}
	Value  json.RawMessage   // a path, {"const": ...}, or an object of paths
	Effect string            // starts with "none" where nothing is ever stored
}

type rule struct {
	Key, Op, From, Table, Member, Missing, Zero, Nonzero, TypeFrom string
	Value                                                          string
	IDs                                                            []string
	When                                                           [][]string // condition, path, operand
	Candidates                                                     []struct{ Second, Microsecond string }
	FallbackWhenZero                                               string
}

// enumTables is enums.json.
type enumTables struct {
	Tables map[string]struct {
		KeyType string
		Values  map[string]any
	}
	RNAEventNames  map[string]map[string]string `json:"rnaEventNames"`
	RecordTypes    map[string]struct{ Category, Name string }
	CEF400Act      map[string][]string        `json:"cef400Act"`
	SeverityMatrix map[string]json.RawMessage `json:"cefSeverityMatrix"` // rows, and "otherwise"
}

// splunkTables is splunk.json.
type splunkTables struct {
	Computed map[string]*string // name in @computed to key; null: not written
	Records  map[string]struct{ Fields []struct{ To, From string } }
}

// cefTables is cef.json or cef2.json.
type cefTables struct {
	PacketPayloadMax int
	Records          map[string]cefRecord
}

type cefRecord struct {
	SignatureID, Name string
	Severity          map[string]any
	Extensions        []struct {
		Key     string
		Sources []cefSource
	}
}

type cefSource struct {
	From, Transform string
	Const           *string
	IfNotNull       bool
}

type tables struct {
	records recordTables
	view    viewTables
	enums   enumTables
	splunk  splunkTables
	cef     map[string]*cefTables // by adapter
}

// load reads the tables once. They are part of the program, so a fault in them is
// a fault of ours.
var load = sync.OnceValue(func() *tables {
	t := &tables{cef: map[string]*cefTables{"cef": {}, "cef2": {}}}
	for name, into := range map[string]any{
		"records": &t.records, "view": &t.view, "enums": &t.enums, "splunk": &t.splunk, "cef": t.cef["cef"], "cef2": t.cef["cef2"],
	} {
		if err := read("testdata/"+name+".json.gz", into); err != nil {
			panic(err)
		}
	}
	return t
})

func read(name string, into any) error {
	f, err := files.Open(name)
	if err != nil {
		return err
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if err := json.NewDecoder(z).Decode(into); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return f.Close()
}
