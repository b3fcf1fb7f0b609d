package journal

import (
	"errors"
	"estream/internal/durable"
	"fmt"
	"hash/crc32"
	"io/fs"
	"path/filepath"
	"strings"
)

func (j *Journal) cursorPath(name string) string {
	return filepath.Join(j.dir, cursorDir, name+cursorSuffix)
}

// loadPins reads the cursors there are. One that can't be read is no reason
// not to start: it is reported when its consumer opens it, and retention
// deletes nothing before.
func (j *Journal) loadPins() error {
	if j.readOnly {
		return nil
	}
	dir := filepath.Join(j.dir, cursorDir)
	if err := durable.RemoveTemps(j.fs, dir); err != nil {
		return err
	}
	entries, err := j.fs.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), cursorSuffix)
		if !ok || CheckCursorName(name) != nil {
			continue
		}
		c := &Cursor{j: j, name: name}
		if err := c.load(); err != nil {
			j.log.Error("cursor can't be read; retention deletes nothing until it is removed or replaced", "cursor", name, "error", err)
			j.badCursors[j.cursorPath(name)] = true
			continue
		}
		delete(j.badCursors, j.cursorPath(name))
		j.pins[name] = &pin{seq: c.seq, required: c.required, saved: true}
	}
	return nil
}

// load reads the file of a cursor; none is no error.
func (c *Cursor) load() error {
	path := c.j.cursorPath(c.name)
	b, err := readFile(c.j.fs, path, cursorFixed+MaxCursorState)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	damaged := func(what string, args ...any) error { return &CursorError{File: path, Err: fmt.Errorf(what, args...)} }
	switch {
	case len(b) < cursorFixed:
		return damaged("it has %d bytes, expected at least %d", len(b), cursorFixed)
	case string(b[:8]) != cursorMagic:
		return damaged("it starts with %q, expected %q", b[:8], cursorMagic)
	case be.Uint32(b[12:]) != cursorSum(b):
		return damaged("its checksum does not match")
	case be.Uint32(b[8:]) != formatVersion:
		return &VersionError{File: path, Version: be.Uint32(b[8:]), Supported: formatVersion}
	case uint64(be.Uint32(b[36:])) != uint64(len(b)-cursorFixed):
		return damaged("its state has %d bytes, expected %d", len(b)-cursorFixed, be.Uint32(b[36:]))
	}
	c.seq, c.state, c.saved = be.Uint64(b[16:]), b[cursorFixed:], true
	c.required = be.Uint32(b[32:])&cursorRequired != 0
	return nil
}

func appendCursor(b []byte, seq uint64, now int64, required bool, state []byte) []byte {
	b = append(b, cursorMagic...)
	b = be.AppendUint32(b, formatVersion)
	b = be.AppendUint32(b, 0)
	b = be.AppendUint64(b, seq)
	b = be.AppendUint64(b, uint64(now))
	flags := uint32(0)
	if required {
		flags = cursorRequired
	}
	b = be.AppendUint32(b, flags)
	b = be.AppendUint32(b, uint32(len(state)))
	b = append(b, state...)
	be.PutUint32(b[12:], cursorSum(b))
	return b
}

func cursorSum(b []byte) uint32 {
	return crc32.Update(crc32.Update(0, castagnoli, b[:12]), castagnoli, b[16:])
}
