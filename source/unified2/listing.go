package unified2

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

type laneKey struct {
	name    laneName
	stamped bool
}

// poll lists the directory and tells every lane which files it has.
//
// A listing that runs while files are created may show a file and miss an older
// one. A second listing cannot miss what existed before the first one ended, so
// new files are taken from the second, up to the newest of the first.
func (s *Spool) poll() error {
	found, err := s.list()
	if err != nil {
		return err
	}
	if s.anyNew(found) {
		again, err := s.list()
		if err != nil {
			return err
		}
		for k, keys := range again {
			limit := slices.MaxFunc(append(found[k], fileKey{}), compareKeys)
			again[k] = slices.DeleteFunc(keys, func(f fileKey) bool { return limit.less(f) })
		}
		found = again
	}
	renamed := s.renamings(found)
	for _, l := range s.lanes {
		k := laneKey{l.name, l.stamped}
		l.update(found[k])
		delete(found, k)
	}
	for _, k := range sortedLanes(found) {
		if err := s.add(k, found[k]); err != nil {
			return err
		}
	}
	for _, r := range renamed {
		s.handOver(r)
	}
	for _, l := range s.lanes {
		l.hold()
		l.after = nil
		if i := s.laneIndex(laneKey{l.name, true}); i >= 0 && !l.stamped {
			l.after = s.lanes[i]
		}
	}
	return nil
}

// list returns the keys of all files of the spool by lane.
func (s *Spool) list() (map[laneKey][]fileKey, error) {
	found := make(map[laneKey][]fileKey)
	if s.only != "" {
		// One file is followed under its name, whatever its name looks like.
		if _, err := os.Stat(filepath.Join(s.dir, s.only)); err == nil {
			found[laneKey{name: laneName{base: s.only}}] = []fileKey{{}}
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		return found, nil
	}
	d, err := os.Open(s.dir)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	for {
		entries, err := d.ReadDir(512)
		for _, e := range entries {
			if e.IsDir() || !wanted(e.Name(), s.prefix) {
				continue
			}
			name, key := splitName(e.Name())
			k := laneKey{name, key.Stamp != 0}
			found[k] = append(found[k], key)
		}
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

func (s *Spool) anyNew(found map[laneKey][]fileKey) bool {
	for k, keys := range found {
		i := s.laneIndex(k)
		if i < 0 || slices.ContainsFunc(keys, func(f fileKey) bool { return !s.lanes[i].seen[f] }) {
			return true
		}
	}
	return false
}

// add begins a new lane with its oldest file.
func (s *Spool) add(k laneKey, keys []fileKey) error {
	if len(keys) == 0 {
		return nil // appeared between the two listings: next time
	}
	l := s.newLane(k.name, k.stamped)
	if !s.room(len(l.id())) {
		if !s.opened {
			return fmt.Errorf("unified2 spool %s: too many file prefixes (%d, and %s): choose one with the prefix setting", s.dir, len(s.lanes), l.id())
		}
		if !s.refused[l.id()] && len(s.refused) < 100 {
			s.refused[l.id()] = true
			s.stats.Skipped[ReasonNoRoom]++
			s.log.Error("unified2: too many file prefixes in one directory, these files are not read", "dir", s.dir, "files", l.id())
		}
		return nil
	}
	slices.SortFunc(keys, compareKeys)
	l.cur, l.high = keys[0], keys[0]
	l.update(keys)
	s.lanes = append(s.lanes, l)
	return nil
}

// room reports whether a mark can hold one more lane with a name of n bytes. If
// not, lanes without any file on disk make room.
func (s *Spool) room(n int) bool {
	used := 1 + n + maxPosition
	for _, l := range s.lanes {
		used += len(l.id()) + maxPosition
	}
	for i := 0; i < len(s.lanes) && used > maxMark; {
		l := s.lanes[i]
		if l.present > 0 || len(l.pending) > 0 || !l.spent {
			i++
			continue
		}
		used -= len(l.id()) + maxPosition
		l.leave()
		l.drop()
		s.lanes = slices.Delete(s.lanes, i, i+1)
		s.turn, s.share = 0, 0
	}
	return used <= maxMark && n < 256
}

func compareKeys(a, b fileKey) int {
	switch {
	case a.less(b):
		return -1
	case b.less(a):
		return 1
	}
	return 0
}

// sortedLanes puts new lanes into an order that does not depend on the map.
func sortedLanes(m map[laneKey][]fileKey) []laneKey {
	var all []laneKey
	for k := range m {
		all = append(all, k)
	}
	slices.SortFunc(all, func(a, b laneKey) int {
		return slices.Compare([]string{a.name.base, a.name.ext}, []string{b.name.base, b.name.ext})
	})
	return all
}
