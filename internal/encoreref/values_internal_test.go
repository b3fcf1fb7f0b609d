package encoreref

import (
	"encoding/hex"
	"testing"
)

// TestAddresses holds the rules for addresses that no corpus exercises.
func TestAddresses(t *testing.T) {
	for in, want := range map[string]string{
		"00000000000000000000000000000000": "::",
		"00000000000000000000000000000001": "::1",
		"00000000000000000000000000020003": "::0.2.0.3",
		"0000000000000000000000000a010203": "::10.1.2.3",
		"00000000000000000000ffff0a010203": "10.1.2.3",
		"0000000000000000ffff00000a010203": "0:a01:203",
		"20010db8000000000001000000000001": "2001:db8::1:0:0:1", // two runs of two groups: the first is shortened
		"00010000000300000005000000070000": "1:0:3:0:5:0:7:0",
		"00010000000000000005000000000000": "1::5:0:0:0",
	} {
		p, err := hex.DecodeString(in)
		if err != nil {
			t.Fatal(err)
		}
		if got := ipv6Text(p); got != want {
			t.Errorf("%s is %s, want %s", in, got, want)
		}
	}
}

// TestRepr holds what Python prints of an object.
func TestRepr(t *testing.T) {
	o := NewObject()
	o.Set("blockType", uint64(0))
	o.Set("data", "")
	for in, want := range map[string]string{
		"alice":                       `'alice'`,
		"o'neil":                      `"o'neil"`,
		`o'neil "x"`:                  `'o\'neil "x"'`,
		`a\b`:                         `'a\\b'`,
		"\t\n\r\a\x7f":                `'\t\n\r\x07\x7f'`,
		"é\u00a0\u2028\U000e0001🔥 ok": `'é\xa0\u2028\U000e0001🔥 ok'`,
	} {
		o.Set("data", in)
		if got := repr(o); got != "{'blockType': 0, 'data': "+want+"}" {
			t.Errorf("%q is %s, want %s", in, got, want)
		}
	}
	o.Set("data", Bytes("ff"))
	o.Delete("blockType")
	if got := repr(o); got != "{'data': b'ff'}" {
		t.Errorf("byte string is %s", got)
	}
}
