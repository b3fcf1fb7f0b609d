package encoreref

import (
	"errors"
	"testing"

	"estream/internal/recordtest"
)

// TestFailures holds what the reference must not make a line of.
func TestFailures(t *testing.T) {
	for _, c := range []struct{ name, message, want string }{
		{"no header", "0001000400", "decode: message without header"},
		{"no record header", "0001000400000000", "decode: message ends early"},
		{"unknown type", "00010004 00000008 0000270f00000000", "decode: unknown record type"},
		{"layout number", "00010004 00000008 0000042c00000000", "decode: unknown record type"},
		{"netmap id", "00010004 00000008 0001007b00000000", "decode: unknown record type"},
		{"lengths", "00010004 0000000c 0000007b00000000 00000000", "decode: record length does not fit the message"},
		{"short field", "00010004 0000000a 0000007b00000002 0000", "decode: message ends early"},
		{"long text", "00010004 00000010 0000007b00000008 00000003ffffffff", "decode: text with an impossible length"},
		{"trailing bytes", "00010004 00000011 0000007b00000009 000000030000000000", "decode: bytes after the layout"},
		{"other block", "00010004 00000010 0000006f00000008 0000000600000008", "decode: another block where eNcore reads block 2:5"},
	} {
		r, err := NewClient(Settings{}).Read(recordtest.Unhex(t, c.message))
		if _, ok := errors.AsType[*Failure](err); !ok || err.Error() != c.want || r != nil {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
}

// TestListBeyondMessage reads a list that claims more bytes than the message has:
// eNcore never comes back from it.
func TestListBeyondMessage(t *testing.T) {
	d := &decoding{t: load(), data: []byte{0, 0, 0, 11, 0, 0, 0, 24, 0, 0, 0, 7, 0, 0, 0, 12, 0, 0, 0, 1}}
	if v, err := d.list("1:7"); err == nil || err.Error() != "decode: list ends early (D-32)" {
		t.Errorf("%v, %v", v, err)
	}
}
