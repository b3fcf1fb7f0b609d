package faultfs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// file is an open file; its methods may be called concurrently.
type file struct {
	fs     *FS
	node   *node
	name   string
	flag   int
	offset int64 // guarded by fs.mu, like the rest
	closed bool
}

// begin starts an operation on the file. The caller holds fs.mu.
func (h *file) begin(kind Kind) (Fault, error) {
	if h.closed {
		return Fault{}, &fs.PathError{Op: string(kind), Path: h.name, Err: fs.ErrClosed}
	}
	return h.fs.begin(kind, h.name)
}

func (h *file) Read(p []byte) (int, error) {
	h.fs.mu.Lock()
	defer h.fs.mu.Unlock()
	n, err := h.readAt(p, h.offset)
	h.offset += int64(n)
	if n > 0 && err == io.EOF {
		err = nil
	}
	return n, err
}

func (h *file) ReadAt(p []byte, off int64) (int, error) {
	h.fs.mu.Lock()
	defer h.fs.mu.Unlock()
	return h.readAt(p, off)
}

func (h *file) readAt(p []byte, off int64) (int, error) {
	fault, err := h.begin(KindRead)
	if err != nil {
		return 0, err
	}
	if fault.Err != nil {
		return 0, fault.Err
	}
	if off >= int64(len(h.node.data)) {
		return 0, io.EOF
	}
	n := copy(p, h.node.data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (h *file) Write(p []byte) (int, error) {
	h.fs.mu.Lock()
	defer h.fs.mu.Unlock()
	if h.flag&os.O_APPEND != 0 {
		h.offset = int64(len(h.node.data))
	}
	n, err := h.writeAt(p, h.offset)
	h.offset += int64(n)
	return n, err
}

func (h *file) WriteAt(p []byte, off int64) (int, error) {
	h.fs.mu.Lock()
	defer h.fs.mu.Unlock()
	return h.writeAt(p, off)
}

func (h *file) writeAt(p []byte, off int64) (int, error) {
	fault, err := h.begin(KindWrite)
	if err != nil {
		return 0, err
	}
	if h.flag&(os.O_WRONLY|os.O_RDWR) == 0 {
		return 0, &fs.PathError{Op: "write", Path: h.name, Err: fs.ErrPermission}
	}
	err = fault.Err
	if fault.Err != nil {
		switch fault.Effect {
		case None:
			p = nil
		case Half:
			p = p[:len(p)/2]
		}
	}
	if room := h.room(off); int64(len(p)) > room {
		p = p[:room]
		err = &fs.PathError{Op: "write", Path: h.name, Err: syscall.ENOSPC}
	}
	if len(p) == 0 {
		return 0, err
	}
	end := off + int64(len(p))
	if end > int64(len(h.node.data)) {
		h.fs.used += end - int64(len(h.node.data))
		h.node.data = resize(h.node.data, end)
	}
	copy(h.node.data[off:], p)
	h.node.mark(span{off, end})
	if fault.Err != nil && fault.Effect == Full {
		return 0, err // it took effect, and the caller learns nothing of it
	}
	return len(p), err
}

// room returns how many bytes can be written at off before the file system is full.
func (h *file) room(off int64) int64 {
	if h.fs.capacity == 0 {
		return 1 << 40
	}
	return max(0, int64(len(h.node.data))-off+max(0, h.fs.capacity-h.fs.used))
}

// mark remembers that a span was written, joining it with the last one where they touch.
func (n *node) mark(s span) {
	if k := len(n.dirty) - 1; k >= 0 && n.dirty[k].to == s.from {
		n.dirty[k].to = s.to
		return
	}
	n.dirty = append(n.dirty, s)
}

func (h *file) Seek(offset int64, whence int) (int64, error) {
	h.fs.mu.Lock()
	defer h.fs.mu.Unlock()
	switch whence {
	case io.SeekCurrent:
		offset += h.offset
	case io.SeekEnd:
		offset += int64(len(h.node.data))
	}
	if offset < 0 {
		return 0, fmt.Errorf("seek %s: offset %d is before the start", h.name, offset)
	}
	h.offset = offset
	return offset, nil
}

func (h *file) Truncate(size int64) error {
	return h.do(KindTruncate, func() { h.fs.truncate(h.node, size) }, nil)
}

func (f *FS) truncate(n *node, size int64) {
	f.used += size - int64(len(n.data))
	n.data = resize(n.data, size)
	for i := range n.dirty {
		n.dirty[i].from = min(n.dirty[i].from, size)
		n.dirty[i].to = min(n.dirty[i].to, size)
	}
}

func (h *file) Sync() error {
	return h.do(KindSync, h.node.sync, func() { h.node.dirty = nil })
}

// do runs effect, or on a fault without effect instead (when it is not nil).
func (h *file) do(kind Kind, effect, instead func()) error {
	h.fs.mu.Lock()
	defer h.fs.mu.Unlock()
	fault, err := h.begin(kind)
	if err != nil {
		return err
	}
	if fault.Err == nil || fault.Effect == Full {
		effect()
	} else if instead != nil {
		instead()
	}
	return fault.Err
}

// sync brings length and dirty spans to the device. A span that a failed Sync
// forgot is not among them: the device has zeros, or older bytes, there.
func (n *node) sync() {
	size := int64(len(n.data))
	n.synced = resize(n.synced, size)
	for _, s := range n.dirty {
		if to := min(s.to, size); s.from < to {
			copy(n.synced[s.from:to], n.data[s.from:to])
		}
	}
	n.dirty = nil
}

func (h *file) Stat() (fs.FileInfo, error) {
	h.fs.mu.Lock()
	defer h.fs.mu.Unlock()
	if h.closed {
		return nil, &fs.PathError{Op: "stat", Path: h.name, Err: fs.ErrClosed}
	}
	return info{filepath.Base(h.name), h.node, int64(len(h.node.data))}, nil
}

func (h *file) Close() error {
	h.fs.mu.Lock()
	defer h.fs.mu.Unlock()
	if h.closed {
		return errors.Join(fs.ErrClosed, fmt.Errorf("close %s", h.name))
	}
	h.closed = true
	return nil
}
