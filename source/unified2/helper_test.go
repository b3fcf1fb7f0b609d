package unified2

import (
	"encoding/binary"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"estream/internal/corpus"
)

// appendRaw appends a record of any type.
func appendRaw(dst []byte, typ Type, data []byte) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(typ))
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(data)))
	return append(dst, data...)
}

// appendEvent appends an IPv4 event of version 2 with the given number.
func appendEvent(dst []byte, id uint32) []byte {
	var d [60]byte
	for i, v := range []uint32{0, id, 1700000000 + id/5000, id % 1000000, 1000 + id%7, 1, 2, 3, 1 + id%4, 0xcb007100 | id&255, 0xc6336401} {
		binary.BigEndian.PutUint32(d[4*i:], v)
	}
	binary.BigEndian.PutUint16(d[44:], uint16(id))
	binary.BigEndian.PutUint16(d[46:], 443)
	d[48] = 6
	return appendRaw(dst, TypeEventVLAN, d[:])
}

func appendPacket(dst []byte, typ Type, id uint32, data []byte) []byte {
	var d []byte
	for _, v := range []uint32{0, id, 1700000000 + id/5000, 1700000000, 7, 1, uint32(len(data))} {
		d = binary.BigEndian.AppendUint32(d, v)
	}
	return appendRaw(dst, typ, append(d, data...))
}

func appendExtra(dst []byte, id, kind uint32, data []byte) []byte {
	var d []byte
	for _, v := range []uint32{4, uint32(len(data)) + 32, 0, id, 1700000000 + id/5000, kind, 1, uint32(len(data)) + 8} {
		d = binary.BigEndian.AppendUint32(d, v)
	}
	return appendRaw(dst, TypeExtraData, append(d, data...))
}

// testFile returns the content of a file in testdata, unpacked.
func testFile(t testing.TB, name string) []byte {
	t.Helper()
	return corpus.File(t, "source/unified2/testdata/"+name)
}

func writeFile(t testing.TB, dir, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func appendFile(t testing.TB, path string, data []byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }
