// Package faultfs is a file system in memory for tests of code that must
// survive crashes and failing disks. It implements [durable.FS] and
//
//   - loses, when told to crash, what a real machine may lose: bytes written
//     since the last Sync of each file, and names created, renamed or removed
//     since the last SyncDir of each directory ([FS.Crash]);
//   - lets any single operation fail, with no effect, after half of it, or
//     after all of it took effect ([FS.FailNth], [FS.SetHook]), and counts
//     operations so that a test can go through all of them;
//   - runs full ([FS.SetCapacity]).
//
// A Sync that fails forgets which bytes were dirty, as Linux does: they can
// still be read, but no later Sync makes them durable unless they are written
// again.
package faultfs

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"
	"time"
)

// ErrCrashed is returned by every operation on a file system, or a file of it, that has crashed.
var ErrCrashed = errors.New("file system has crashed")

// ErrInjected is the error of a fault that names no other.
var ErrInjected = errors.New("injected fault")

// Kind tells what an operation does.
type Kind string

// The operations that are counted. Seek, Close and File.Stat are not.
const (
	KindOpen     Kind = "open"
	KindRead     Kind = "read"
	KindWrite    Kind = "write"
	KindTruncate Kind = "truncate"
	KindSync     Kind = "sync"
	KindRename   Kind = "rename"
	KindRemove   Kind = "remove"
	KindReadDir  Kind = "readdir"
	KindStat     Kind = "stat"
	KindMkdir    Kind = "mkdir"
	KindSyncDir  Kind = "syncdir"
	KindLock     Kind = "lock"
)

// An Op is one operation that is about to happen.
type Op struct {
	N    int // number of the operation, from 1
	Kind Kind
	Path string
}

// Effect says how much of a failing operation happens.
type Effect int

// The zero Effect is that nothing happens.
const (
	None Effect = iota
	Half        // a write transfers half of its bytes; like None for everything else
	Full        // the operation happens and reports failure nevertheless
)

// A Fault makes an operation fail. The zero Fault lets it succeed.
type Fault struct {
	Err    error // nil: no fault
	Effect Effect
}

// FS is a file system in memory. Use [New]; it is safe for concurrent use.
type FS struct {
	mu       sync.Mutex
	root     *node
	ops      int
	hook     func(Op) Fault
	capacity int64 // 0: no limit
	used     int64
	crashed  bool
	locks    map[string]bool
}

// A node is a file or a directory, as the running system sees it and as it is on the device.
type node struct {
	dir  bool
	mode fs.FileMode

	// Of a directory: entries as seen, as durable, and how one becomes the other.
	entries map[string]*node
	durable map[string]*node
	changes []change

	// Of a file: bytes as seen, as durable, and the spans written since the last Sync.
	data   []byte
	synced []byte
	dirty  []span
}

// A change sets (or, with no node, removes) names of a directory at once.
type change struct {
	set   map[string]*node
	unset string
}

type span struct{ from, to int64 }

func newDir(mode fs.FileMode) *node {
	return &node{dir: true, mode: mode | fs.ModeDir, entries: map[string]*node{}, durable: map[string]*node{}}
}

// New returns an empty file system with a root directory.
func New() *FS {
	return &FS{root: newDir(0o755), locks: map[string]bool{}}
}

// Ops returns how many operations have been counted.
func (f *FS) Ops() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ops
}

// SetHook has hook asked before each operation; nil ends that. The hook must not use the file system.
func (f *FS) SetHook(hook func(Op) Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hook = hook
}

// FailNth makes the n-th operation from now on, the next being 1, fail once.
func (f *FS) FailNth(n int, fault Fault) {
	if fault.Err == nil {
		fault.Err = ErrInjected
	}
	target := f.Ops() + n
	f.SetHook(func(op Op) Fault {
		if op.N == target {
			return fault
		}
		return Fault{}
	})
}

// SetCapacity limits the bytes of all files together; a write beyond it is
// short and fails with ENOSPC. 0 takes the limit away.
func (f *FS) SetCapacity(bytes int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.capacity = bytes
}

// Used returns the bytes of all files together.
func (f *FS) Used() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.used
}

// begin counts an operation and asks for its fault. The caller holds f.mu.
func (f *FS) begin(kind Kind, path string) (Fault, error) {
	if f.crashed {
		return Fault{}, fmt.Errorf("%s %s: %w", kind, path, ErrCrashed)
	}
	f.ops++
	if f.hook == nil {
		return Fault{}, nil
	}
	fault := f.hook(Op{N: f.ops, Kind: kind, Path: path})
	if fault.Err != nil {
		fault.Err = &fs.PathError{Op: string(kind), Path: path, Err: fault.Err}
	}
	return fault, nil
}

// do runs an operation whose effect is all or nothing.
func (f *FS) do(kind Kind, path string, effect func() error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	fault, err := f.begin(kind, path)
	if err != nil {
		return err
	}
	if fault.Err != nil && fault.Effect != Full {
		return fault.Err
	}
	if err := effect(); err != nil {
		return &fs.PathError{Op: string(kind), Path: path, Err: err}
	}
	return fault.Err
}

// find returns the node of a path. The caller holds f.mu.
func (f *FS) find(path string) (*node, error) {
	n := f.root
	for _, name := range split(path) {
		if !n.dir {
			return nil, fs.ErrNotExist
		}
		next := n.entries[name]
		if next == nil {
			return nil, fs.ErrNotExist
		}
		n = next
	}
	return n, nil
}

// parent returns the directory that holds the last element of a path, and that element.
func (f *FS) parent(path string) (*node, string, error) {
	parts := split(path)
	if len(parts) == 0 {
		return nil, "", fs.ErrInvalid
	}
	n, err := f.find(filepath.Dir(filepath.Clean(path)))
	if err != nil {
		return nil, "", err
	}
	if !n.dir {
		return nil, "", fs.ErrNotExist
	}
	return n, parts[len(parts)-1], nil
}

func split(path string) []string {
	var parts []string
	for dir := filepath.Clean(path); ; {
		up, name := filepath.Dir(dir), filepath.Base(dir)
		if up == dir || name == "." {
			break
		}
		parts = append([]string{name}, parts...)
		dir = up
	}
	return parts
}

func (n *node) apply(c change) {
	n.changes = append(n.changes, c)
	applyTo(n.entries, c)
}

func applyTo(m map[string]*node, c change) {
	if c.unset != "" {
		delete(m, c.unset)
	}
	for name, to := range c.set {
		m[name] = to
	}
}

// info describes a node for Stat and ReadDir.
type info struct {
	name string
	node *node
	size int64
}

func (i info) Name() string               { return i.name }
func (i info) Size() int64                { return i.size }
func (i info) Mode() fs.FileMode          { return i.node.mode }
func (i info) ModTime() time.Time         { return time.Time{} }
func (i info) IsDir() bool                { return i.node.dir }
func (i info) Sys() any                   { return nil }
func (i info) Type() fs.FileMode          { return i.node.mode.Type() }
func (i info) Info() (fs.FileInfo, error) { return i, nil }
