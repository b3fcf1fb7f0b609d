package unified2

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"testing"
	"testing/iotest"
)

// TestRealFiles compares the counts with those that an independent reader found
// (testdata/README.md), and reads each file as a file and as a slow stream.
func TestRealFiles(t *testing.T) {
	tests := []struct {
		file string
		want map[Type]int
	}{
		{"ipv6-alert.u2", map[Type]int{TypeEvent6VLAN: 1, TypePacket: 1}},
		{"multi-packet-event.u2", map[Type]int{TypeEventVLAN: 1, TypePacket: 15, TypeExtraData: 1}},
		{"snort29-vlan-extradata.u2.gz", map[Type]int{TypeEventVLAN: 5675, TypePacket: 5741, TypeExtraData: 1952}},
	}
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			data := testFile(t, tt.file)
			for name, r := range map[string]*Reader{
				"file":   NewReaderAt(bytes.NewReader(data), tt.file, 0),
				"stream": NewReader(iotest.HalfReader(bytes.NewReader(data)), tt.file),
			} {
				got := make(map[Type]int)
				var again []byte
				for {
					rec, err := r.Next()
					if err == io.EOF {
						break
					}
					if err != nil {
						t.Fatalf("%s: %v", name, err)
					}
					got[rec.Type]++
					if rec.Offset != int64(len(again)) {
						t.Fatalf("%s: record at offset %d, want %d", name, rec.Offset, len(again))
					}
					again = append(again, rec.Raw...)
				}
				if !maps.Equal(got, tt.want) {
					t.Errorf("%s: records by type: got %v, want %v", name, got, tt.want)
				}
				if !bytes.Equal(again, data) {
					t.Errorf("%s: the records put together are not the file", name)
				}
			}
		})
	}
}

func TestRealEvent(t *testing.T) {
	r := NewReaderAt(bytes.NewReader(testFile(t, "ipv6-alert.u2")), "ipv6-alert.u2", 0)
	rec, err := r.Next()
	if err != nil {
		t.Fatal(err)
	}
	var e Event
	if err := rec.Event("", &e); err != nil {
		t.Fatal(err)
	}
	if e.GeneratorID != 1 || e.SignatureID != 18474 || e.Revision != 3 || e.Protocol != 58 || e.EventSecond != 1478015404 {
		t.Errorf("got %+v, want 1:18474:3, protocol 58, second 1478015404", e)
	}
	if got := netipString(e.Source); got != "fe80::dacb:8aff:feed:a146" {
		t.Errorf("source: got %s", got)
	}
}

// TestEveryPrefix: a file that ends anywhere yields the whole records before
// the end and says that it is torn, and goes on when the rest is written.
func TestEveryPrefix(t *testing.T) {
	var data []byte
	data = appendEvent(data, 1)
	data = appendPacket(data, TypePacket, 1, []byte("packet"))
	data = appendExtra(data, 1, 9, []byte("/index"))
	ends := []int{0, 68, 68 + 42, len(data)}
	for cut := range len(data) + 1 {
		at := &growing{data: data[:cut]}
		r := NewReaderAt(at, "f", 0)
		got := 0
		for {
			_, err := r.Next()
			if err == nil {
				got++
				continue
			}
			if whole := cut == ends[got]; whole != (err == io.EOF) || !whole != errors.Is(err, ErrTorn) {
				t.Fatalf("cut at %d after %d records: got %v", cut, got, err)
			}
			break
		}
		if want := ends[got]; int64(want) != r.Offset() || cut >= len(data) && got != 3 {
			t.Fatalf("cut at %d: offset %d after %d records", cut, r.Offset(), got)
		}
		at.data = data
		for ; got < 3; got++ {
			if _, err := r.Next(); err != nil {
				t.Fatalf("cut at %d, then completed: record %d: %v", cut, got, err)
			}
		}
	}
}

type growing struct{ data []byte }

func (g *growing) ReadAt(p []byte, off int64) (int, error) {
	return bytes.NewReader(g.data).ReadAt(p, off)
}

// TestZerosAreNotWritten: space that a file system allocated before the data
// arrived must not be taken for records, nor be remembered.
func TestZerosAreNotWritten(t *testing.T) {
	at := &growing{data: make([]byte, 68)}
	r := NewReaderAt(at, "f", 0)
	if _, err := r.Next(); !errors.Is(err, ErrTorn) {
		t.Fatalf("zeros: got %v, want ErrTorn", err)
	}
	at.data = appendEvent(nil, 5)
	rec, err := r.Next()
	if err != nil || rec.Type != TypeEventVLAN {
		t.Fatalf("after the data arrived: got %v, %v", rec.Type, err)
	}
}

func TestLengthLimit(t *testing.T) {
	data := appendEvent(nil, 1)
	data = append(data, 0, 0, 0, 2, 0, 4, 0, 1)
	data = append(data, make([]byte, MaxRecordLength+1)...)
	r := NewReaderAt(bytes.NewReader(data), "spool/u2.1", 0)
	if _, err := r.Next(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		_, err := r.Next()
		var re *RecordError
		if !errors.As(err, &re) || !errors.Is(err, ErrLength) || re.Offset != 68 || re.File != "spool/u2.1" {
			t.Fatalf("got %v, want ErrLength at offset 68 of spool/u2.1", err)
		}
	}
	largest := appendRaw(nil, 9999, make([]byte, MaxRecordLength))
	if rec, err := NewReader(bytes.NewReader(largest), "f").Next(); err != nil || len(rec.Data()) != MaxRecordLength {
		t.Fatalf("largest record: %d bytes, %v", len(rec.Raw), err)
	}
}

func TestReadErrors(t *testing.T) {
	broken := errors.New("disk on fire")
	r := NewReader(io.MultiReader(bytes.NewReader(appendEvent(nil, 1)), iotest.ErrReader(broken)), "f")
	if _, err := r.Next(); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Next(); !errors.Is(err, broken) {
		t.Errorf("got %v, want the device's error", err)
	}
	if _, err := NewReader(idle{}, "f").Next(); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("reader without progress: got %v", err)
	}
}

type idle struct{}

func (idle) Read([]byte) (int, error) { return 0, nil }

func TestReaderAllocs(t *testing.T) {
	data := testFile(t, "snort29-vlan-extradata.u2.gz")
	r := NewReaderAt(bytes.NewReader(data), "f", 0)
	var e Event
	var p Packet
	var x ExtraData
	if n := testing.AllocsPerRun(5000, func() {
		rec, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case rec.Type.IsEvent():
			err = rec.Event("f", &e)
		case rec.Type == TypePacket:
			err = rec.Packet("f", &p)
		default:
			err = rec.ExtraData("f", &x)
		}
		if err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations per record, want 0", n)
	}
}

func FuzzReader(f *testing.F) {
	f.Add(testFile(f, "ipv6-alert.u2"))
	f.Add(testFile(f, "multi-packet-event.u2")[:4096])
	f.Add(appendExtra(appendPacket(appendEvent(nil, 1), TypeBuffer, 1, []byte("x")), 1, 9, []byte("/")))
	f.Add(appendRaw(nil, TypeEvent3, make([]byte, 160)))
	f.Add([]byte{0, 0, 0, 2, 255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, data []byte) {
		at := NewReaderAt(bytes.NewReader(data), "f", 0)
		stream := NewReader(bytes.NewReader(data), "f")
		var sum int64
		for {
			rec, err := at.Next()
			other, err2 := stream.Next()
			if (err == nil) != (err2 == nil) || !bytes.Equal(rec.Raw, other.Raw) {
				t.Fatalf("file and stream disagree at %d: %v, %v", sum, err, err2)
			}
			if err != nil {
				break
			}
			if rec.Offset != sum || !bytes.Equal(rec.Raw, data[sum:rec.End()]) {
				t.Fatalf("record at %d is not what the file holds there", sum)
			}
			sum = rec.End()
			var e Event
			var p Packet
			var x ExtraData
			// Refusing is fine; panicking and reading beyond the record are not.
			if rec.Type.IsEvent() && rec.Event("f", &e) == nil && len(e.AppName) > len(rec.Data()) {
				t.Fatal("application name is longer than its record")
			}
			if rec.Packet("f", &p) == nil && len(p.Data)+packetFixed > len(rec.Data()) {
				t.Fatal("packet is longer than its record")
			}
			if rec.ExtraData("f", &x) == nil && len(x.Data)+extraFixed > len(rec.Data()) {
				t.Fatal("extra data is longer than its record")
			}
		}
	})
}

func BenchmarkReader(b *testing.B) {
	data := testFile(b, "snort29-vlan-extradata.u2.gz")
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		r := NewReaderAt(bytes.NewReader(data), "f", 0)
		for {
			if _, err := r.Next(); err != nil {
				break
			}
		}
	}
}
