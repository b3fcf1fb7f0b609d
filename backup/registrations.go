package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"estream/internal/durable"
)

const (
	// lockWait is how long a change of the registrations may take before a backup
	// gives up.
	lockWait = 10 * time.Second
	lockLook = 20 * time.Millisecond
	// maxRegistrations bounds the memory for certificates and registrations, in bytes.
	maxRegistrations = 1 << 30
)

// registrations archives the directory of certificates as it is between two changes.
// It is read into memory first: while a slow destination takes it, nobody has to wait.
func (b *builder) registrations() error {
	files, err := b.readRegistrations()
	if err != nil {
		return fmt.Errorf("certificates and registrations: %w", err)
	}
	for _, f := range files {
		b.total += int64(len(f.data))
	}
	for _, f := range files {
		if err := b.copy(f.name, bytes.NewReader(f.data), int64(len(f.data)), f.mode); err != nil {
			return err
		}
	}
	return nil
}

type content struct {
	name string
	mode fs.FileMode
	data []byte
}

func (b *builder) readRegistrations() (files []content, err error) {
	unlock, err := b.lockRegistrations()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	l, err := list(b.o.FS, b.dir)
	if err != nil {
		return nil, err
	}
	left := int64(maxRegistrations)
	for _, name := range l.pki {
		full := filepath.Join(b.dir, filepath.FromSlash(name))
		info, err := b.o.FS.Stat(full)
		if err != nil {
			return nil, err
		}
		data, err := durable.ReadFile(b.o.FS, full, left)
		if err != nil {
			return nil, err
		}
		left -= int64(len(data))
		files = append(files, content{name, info.Mode(), data})
	}
	return files, nil
}

// lockRegistrations takes the lock of package pki. A directory without one has never
// been changed and is not being changed.
func (b *builder) lockRegistrations() (func() error, error) {
	name := filepath.Join(b.dir, "pki", "lock")
	if _, err := b.o.FS.Stat(name); errors.Is(err, fs.ErrNotExist) {
		return func() error { return nil }, nil
	}
	ctx, cancel := context.WithTimeout(b.ctx, lockWait)
	defer cancel()
	for {
		held, err := b.o.FS.Lock(name)
		if err == nil {
			return held.Close, nil
		}
		if !errors.Is(err, durable.ErrLocked) {
			return nil, err
		}
		select {
		case <-time.After(lockLook):
		case <-ctx.Done():
			return nil, fmt.Errorf("they are being changed for more than %v: %w", lockWait, err)
		}
	}
}
