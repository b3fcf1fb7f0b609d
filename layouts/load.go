package layouts

import (
	"embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"estream/wire"

	"go.yaml.in/yaml/v4"
)

//go:embed *.yaml
var files embed.FS

// Load returns the layouts of the program, and those of the *.yaml files in dir
// on top unless dir is empty. Embedded families are parsed when first used;
// override files are parsed and compiled at once, so that a mistake in them is an
// error here, with file and line.
func Load(dir string) (*wire.Layouts, error) {
	src, err := newSource(dir)
	if err != nil {
		return nil, err
	}
	set := wire.NewLayouts(src)
	if err := src.checkOverrides(set); err != nil {
		return nil, err
	}
	return set, nil
}

// Default returns the embedded layouts, shared by the whole program.
var Default = sync.OnceValue(func() *wire.Layouts {
	set, err := Load("")
	if err != nil {
		panic(err) // the embedded index is broken: a bug of ours that every test shows
	}
	return set
})

type blockKey struct {
	series uint8
	typ    uint32
}

// source implements wire.Source. The index says which family file defines what.
type source struct {
	recordFamily map[uint16]string
	blockFamily  map[blockKey]string

	overRecords map[uint16]*wire.RecordDef
	overBlocks  map[blockKey]*wire.BlockDef

	mu      sync.Mutex
	parsed  map[string]error // families read so far
	records map[uint16]*wire.RecordDef
	blocks  map[blockKey]*wire.BlockDef
	header  []wire.Field
}

func newSource(dir string) (*source, error) {
	s := &source{
		recordFamily: map[uint16]string{}, blockFamily: map[blockKey]string{},
		overRecords: map[uint16]*wire.RecordDef{}, overBlocks: map[blockKey]*wire.BlockDef{},
		parsed: map[string]error{}, records: map[uint16]*wire.RecordDef{}, blocks: map[blockKey]*wire.BlockDef{},
	}
	data, err := files.ReadFile("index.yaml")
	if err != nil {
		return nil, err
	}
	var index struct {
		Families map[string]struct {
			Records []uint16
			Series1 []uint32
			Series2 []uint32
		}
	}
	if err := yaml.Unmarshal(data, &index); err != nil {
		return nil, fmt.Errorf("index.yaml: %w", err)
	}
	for name, f := range index.Families {
		for _, r := range f.Records {
			s.recordFamily[r] = name
		}
		for _, b := range f.Series1 {
			s.blockFamily[blockKey{1, b}] = name
		}
		for _, b := range f.Series2 {
			s.blockFamily[blockKey{2, b}] = name
		}
	}
	if dir != "" {
		if err := s.readOverrides(dir); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *source) readOverrides(dir string) error {
	names, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil {
		return fmt.Errorf("layouts directory: %w", err)
	}
	if len(names) == 0 {
		if _, err := os.Stat(dir); err != nil {
			return fmt.Errorf("layouts directory: %w", err)
		}
		return fmt.Errorf("layouts directory %s has no *.yaml file", dir)
	}
	var errs []error
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		f, err := parse(name, data)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if f.header != nil {
			errs = append(errs, fmt.Errorf("%s: the discovery header cannot be replaced", name))
		}
		for _, r := range f.records {
			if old := s.overRecords[r.Type]; old != nil {
				errs = append(errs, fmt.Errorf("%v: record %d is defined at %v already", r.Pos, r.Type, old.Pos))
			}
			s.overRecords[r.Type] = r
		}
		for _, b := range f.blocks {
			k := blockKey{b.Series, b.Type}
			if old := s.overBlocks[k]; old != nil {
				errs = append(errs, fmt.Errorf("%v: block %d of series %d is defined at %v already", b.Pos, b.Type, b.Series, old.Pos))
			}
			s.overBlocks[k] = b
		}
	}
	return errors.Join(errs...)
}

// checkOverrides compiles everything that came from the override directory.
func (s *source) checkOverrides(set *wire.Layouts) error {
	var errs []error
	for _, b := range s.overBlocks {
		if _, err := set.Nested(b.Series, b.Type); err != nil {
			errs = append(errs, err)
		}
	}
	for _, r := range s.overRecords {
		for _, b := range blocksOf(r) {
			if _, err := set.Layout(r.Type, b.Type); errors.Is(err, wire.ErrUnknownBlock) {
				errs = append(errs, fmt.Errorf("%v: record %d names block %d of series %d, which is not defined", r.Pos, r.Type, b.Type, r.Series))
			} else if err != nil {
				errs = append(errs, err)
			}
		}
		for i := range r.Forms {
			f := &r.Forms[i]
			if _, err := set.Form(r.Type, i+1); errors.Is(err, wire.ErrUnknownBlock) {
				errs = append(errs, fmt.Errorf("%v: record %d names block %d of series %d, which is not defined", f.Pos, r.Type, f.Block, f.Series))
			} else if err != nil {
				errs = append(errs, err)
			}
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}

// open parses a family unless that was done before.
func (s *source) open(name string) error {
	err, ok := s.parsed[name]
	if ok {
		return err
	}
	data, err := files.ReadFile(name + ".yaml")
	if err == nil {
		var f *family
		if f, err = parse("layouts/"+name+".yaml", data); err == nil {
			for _, r := range f.records {
				s.records[r.Type] = r
			}
			for _, b := range f.blocks {
				s.blocks[blockKey{b.Series, b.Type}] = b
			}
			if f.header != nil {
				s.header = f.header
			}
		}
	}
	s.parsed[name] = err
	return err
}

// Record implements wire.Source.
func (s *source) Record(typ uint16) (*wire.RecordDef, error) {
	if d := s.overRecords[typ]; d != nil {
		return d, nil
	}
	name, ok := s.recordFamily[typ]
	if !ok {
		return nil, wire.ErrUnknownRecord
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.open(name); err != nil {
		return nil, err
	}
	return s.records[typ], nil
}

// Block implements wire.Source.
func (s *source) Block(series uint8, typ uint32) (*wire.BlockDef, error) {
	k := blockKey{series, typ}
	if d := s.overBlocks[k]; d != nil {
		return d, nil
	}
	name, ok := s.blockFamily[k]
	if !ok {
		return nil, wire.ErrUnknownBlock
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.open(name); err != nil {
		return nil, err
	}
	return s.blocks[k], nil
}

// DiscoveryHeader implements wire.Source.
func (s *source) DiscoveryHeader() ([]wire.Field, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.open("common")
	return s.header, err
}

// Records implements wire.Source.
func (s *source) Records() []uint16 {
	var list []uint16
	for t := range s.recordFamily {
		list = append(list, t)
	}
	for t := range s.overRecords {
		if _, ok := s.recordFamily[t]; !ok {
			list = append(list, t)
		}
	}
	slices.Sort(list)
	return list
}

// Blocks implements wire.Source.
func (s *source) Blocks(series uint8) []uint32 {
	var list []uint32
	for k := range s.blockFamily {
		if k.series == series {
			list = append(list, k.typ)
		}
	}
	for k := range s.overBlocks {
		if _, ok := s.blockFamily[k]; !ok && k.series == series {
			list = append(list, k.typ)
		}
	}
	slices.Sort(list)
	return list
}
