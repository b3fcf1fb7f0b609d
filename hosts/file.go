package hosts

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"math"
	"path/filepath"
	"slices"

	"estream/internal/durable"
)

const (
	fileMagic   = "esnetmap"
	fileVersion = 1
	fileHead    = 40
	fileSummed  = 16 // where the bytes under the checksum begin
	maxFile     = 1 << 30
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Save writes the map as it is at the beginning of the call, atomically: after a
// crash the file has the old or the new state. Nothing is written when nothing
// was learned since. Learning goes on meanwhile: the state of a host that changes
// before it was written is kept aside. It waits for Options.WaitDurable.
func (m *Map) Save() error {
	m.saving.Lock()
	defer m.saving.Unlock()
	m.mu.Lock()
	if m.seq == m.saved {
		m.mu.Unlock()
		return nil
	}
	seq, count, rest := m.seq, len(m.dense), len(m.dense)
	c := &codec{buf: make([]byte, fileHead, fileHead+m.bytes/3)}
	copy(c.buf, fileMagic)
	binary.BigEndian.PutUint32(c.buf[8:], fileVersion)
	binary.BigEndian.PutUint64(c.buf[16:], seq)
	binary.BigEndian.PutUint64(c.buf[24:], m.clock)
	binary.BigEndian.PutUint32(c.buf[32:], uint32(count))
	m.definitions(c)
	binary.BigEndian.PutUint32(c.buf[36:], uint32(len(c.buf)-fileHead))
	m.epoch++
	m.image = c
	m.mu.Unlock()

	// From the end on: a host that leaves the table is replaced by its last one, which
	// this walk has passed by then.
	for rest > 0 {
		m.mu.Lock()
		rest = min(rest, len(m.dense))
		for range min(rest, 64) {
			rest--
			m.before(m.dense[rest].host)
		}
		m.mu.Unlock()
	}
	m.mu.Lock()
	m.image = nil
	m.mu.Unlock()

	if len(c.buf) > maxFile {
		return fmt.Errorf("network map %s: %d bytes, at most %d can be read back: lower the limit of hosts or bytes", m.path, len(c.buf), maxFile)
	}
	if m.opt.WaitDurable != nil {
		if err := m.opt.WaitDurable(seq); err != nil {
			return fmt.Errorf("network map: wait for the journal: %w", err)
		}
	}
	binary.BigEndian.PutUint32(c.buf[12:], crc32.Checksum(c.buf[fileSummed:], castagnoli))
	if err := durable.ReplaceFile(m.fs, m.path, c.buf, 0o600); err != nil {
		m.saved = math.MaxUint64 // the file is the old or the new one
		return fmt.Errorf("network map: %w", err)
	}
	m.saved = seq
	return nil
}

// before is called before a host changes or goes: an image of the map that is
// being taken gets the host as it was when the image was begun.
func (m *Map) before(h *host) {
	if m.image == nil || h.epoch == m.epoch {
		return
	}
	h.epoch = m.epoch
	c := m.image
	at := len(c.buf)
	c.buf = append(c.buf, 0, 0, 0, 0)
	c.uint(h.order)
	c.profile(&h.Profile)
	binary.BigEndian.PutUint32(c.buf[at:], uint32(len(c.buf)-at-4))
}

// read reads the file, if there is one.
func (m *Map) read() error {
	data, err := durable.ReadFile(m.fs, m.path, maxFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	err = m.load(data)
	var later *versionError
	if err == nil || errors.As(err, &later) {
		if err != nil {
			return fmt.Errorf("%s: %w", m.path, err)
		}
		m.saved = m.seq
		return nil
	}
	m.reset()
	aside := m.path + ".damaged"
	if err := errors.Join(m.fs.Rename(m.path, aside), m.fs.SyncDir(filepath.Dir(m.path))); err != nil {
		return fmt.Errorf("set aside the damaged file %s: %w", m.path, err)
	}
	m.stats.Damaged = err.Error()
	m.opt.Log.Error("the file of the network map is damaged; it was set aside, and hosts are learned again from the journal",
		"file", m.path, "aside", aside, "err", err)
	return nil
}

// A versionError says that a later release wrote the file.
type versionError struct{ version uint32 }

func (e *versionError) Error() string {
	return fmt.Sprintf("version %d of the file: this release knows version %d and would destroy it; start the later release, or remove the file to learn hosts again",
		e.version, fileVersion)
}

// load takes over the content of a file. The map is empty before, and without
// meaning after an error.
func (m *Map) load(data []byte) error {
	if len(data) < fileHead || string(data[:len(fileMagic)]) != fileMagic {
		return fmt.Errorf("%d bytes that do not begin with %q", len(data), fileMagic)
	}
	if v := binary.BigEndian.Uint32(data[8:]); v != fileVersion {
		return &versionError{v}
	}
	if got, want := crc32.Checksum(data[fileSummed:], castagnoli), binary.BigEndian.Uint32(data[12:]); got != want {
		return fmt.Errorf("checksum is %08x, expected %08x", got, want)
	}
	m.seq, m.clock = binary.BigEndian.Uint64(data[16:]), binary.BigEndian.Uint64(data[24:])
	count, names := binary.BigEndian.Uint32(data[32:]), binary.BigEndian.Uint32(data[36:])
	rest := data[fileHead:]
	if uint64(names) > uint64(len(rest)) {
		return fmt.Errorf("attribute definitions of %d bytes, %d are left", names, len(rest))
	}
	c := &codec{buf: rest[:names], reading: true}
	if m.definitions(c); c.bad || len(c.buf) != 0 {
		return errors.New("attribute definitions do not fit their length")
	}
	rest = rest[names:]
	for n := range count {
		if len(rest) < 4 || uint64(len(rest)-4) < uint64(binary.BigEndian.Uint32(rest)) {
			return fmt.Errorf("host %d of %d: the file ends %d bytes behind its start", n+1, count, len(rest))
		}
		size := int(binary.BigEndian.Uint32(rest))
		c := &codec{buf: rest[4 : 4+size], reading: true}
		h := &host{}
		h.order = c.uint(0)
		c.profile(&h.Profile)
		h.key = as16(h.Address)
		if c.bad || len(c.buf) != 0 {
			return fmt.Errorf("host %d of %d, %v: its fields do not fit its %d bytes", n+1, count, h.Address, size)
		}
		if m.lookup(realm{h.Space, h.Netmap}, h.key) != nil {
			return fmt.Errorf("host %d of %d, %v, is there twice", n+1, count, h.Address)
		}
		m.insert(h)
		rest = rest[4+size:]
	}
	if len(rest) != 0 {
		return fmt.Errorf("%d bytes behind the last host", len(rest))
	}
	if err := m.chain(); err != nil {
		return err
	}
	m.evict() // the limits may be lower now
	return nil
}

// chain puts all hosts into their order.
func (m *Map) chain() error {
	sorted := slices.Clone(m.dense)
	slices.SortFunc(sorted, func(a, b entry) int { return cmp.Compare(a.host.order, b.host.order) })
	clock, last := m.clock, uint64(0)
	for _, e := range sorted {
		order := e.host.order
		if order <= last || order > clock {
			return fmt.Errorf("host %v has the place %d in the order, expected one behind %d and up to %d", e.host.Address, order, last, clock)
		}
		last = order
		m.front(e.host)
		e.host.order = order
	}
	m.clock = clock
	return nil
}
