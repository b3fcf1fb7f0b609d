package hostile

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"estream/layouts"
	"estream/wire"
)

// blockSizes are the sizes of data blocks in bytes, their 8-byte header included,
// as they were derived from guides, the generated definitions of the reference
// client and eNcore, independently of our layouts: TYPE:SIZE, with a plus where
// texts or lists can make the block longer. Lists themselves are no layouts.
//
// Those with a second proof: 2.45 is the message of 294 bytes in the guide's example
// of a 5.4 intrusion event, less the extended record header; 1.150, 1.153, 2.81 and 2.85
// decide between sources that disagree.
var blockSizes = map[uint8]string{
	1: `
		0:8+ 1:32+ 2:62+ 3:40+ 4:10 5:16 6:105+ 7:12 8:34+ 9:45 10:8+ 12:70+ 13:106+ 14:12 15:78+ 16:16 17:81+ 18:53+ 19:48+ 20:40+ 21:88+
		22:28+ 23:24+ 24:16 25:20+ 26:16 27:20+ 28:24+ 29:28+ 30:84+ 32:73+ 33:116+ 34:103+ 35:16+ 36:56+ 37:19+ 38:20 39:20+ 40:72+ 41:32+
		42:32+ 43:79+ 44:48+ 45:32+ 46:28+ 47:135+ 48:28+ 49:13 50:80+ 51:48+ 52:134+ 53:28 54:20+ 55:76+ 56:87+ 57:27+ 58:20+ 59:32+ 60:24+ 61:16
		62:24+ 63:14 64:24+ 65:168+ 66:52 67:12 68:66+ 69:90+ 70:138+ 71:28+ 72:48+ 73:40+ 74:248+ 75:64+ 76:20+ 77:24+ 78:32+ 79:48+ 80:28+ 81:28+
		82:36+ 83:24+ 84:146+ 85:17 86:52+ 87:41 88:40+ 89:38+ 90:90+ 91:115+ 92:195+ 93:104+ 94:40 95:20 96:20+ 97:16 98:46+ 99:98+ 100:40+ 101:95+
		102:50+ 103:38+ 104:90+ 105:48+ 106:48+ 107:144+ 108:44+ 109:68+ 110:32 111:195+ 112:48+ 113:30+ 114:25+ 115:243+ 116:208+ 117:48+ 118:168+
		119:52 120:64+ 121:40+ 122:40+ 123:12 124:64+ 125:101+ 126:277+ 127:65+ 128:240+ 129:128+ 130:49+ 131:28+ 132:125+ 133:48+ 134:178+ 135:198+
		136:68 137:285+ 138:40+ 139:169+ 140:257+ 141:40 142:62+ 143:28 144:289+ 145:32 146:32 147:33+ 148:28+ 149:265+ 150:53 151:21+ 152:307+
		153:64+ 154:323+ 155:498+ 156:401+ 158:92+ 159:106+ 160:570+ 163:644+ 165:114+ 166:83+ 167:126+ 168:648+ 169:648+ 170:652+ 171:670+ 173:686+
		174:734+`,
	2: `
		0:8+ 1:8+ 4:32+ 5:28+ 6:12 7:28+ 8:29+ 9:28+ 10:28+ 11:13 12:28+ 13:16+ 14:32+ 15:36+ 16:127+ 17:14 18:156+ 19:20+ 20:22+ 21:18+
		22:36+ 23:156+ 24:210+ 25:216 26:48+ 27:108+ 28:18+ 29:40+ 30:41+ 31:40+ 32:168+ 33:223+ 34:220 35:229+ 36:71+ 37:34 38:173+ 39:28+ 40:50+
		41:222 42:238 43:189+ 44:245+ 45:278 46:230+ 47:286+ 50:144+ 56:235+ 57:24+ 58:28+ 59:20+ 60:282 61:28+ 62:290+ 64:36+ 79:251+ 80:306+
		81:300+ 85:364+`,
}

// minSize adds up what the fields of a block take at least.
func minSize(fields []wire.Field) (size int, fixed bool) {
	fixed = true
	for i := range fields {
		f := &fields[i]
		switch {
		case f.When != "":
			fixed = false
		case f.Kind.Fixed():
			size += f.Size
		case f.Kind == wire.KindText || f.Kind == wire.KindRest:
			fixed = false
		default:
			size, fixed = size+8, false
		}
	}
	return size, fixed
}

// TestBlockSizes compares the fields of every block with the derived sizes.
func TestBlockSizes(t *testing.T) {
	src := layouts.Default().Source()
	for series, table := range blockSizes {
		want := map[uint32]string{}
		for entry := range strings.FieldsSeq(table) {
			var typ uint32
			var size string
			if _, err := fmt.Sscanf(entry, "%d:%s", &typ, &size); err != nil {
				t.Fatalf("entry %q: %v", entry, err)
			}
			want[typ] = size
		}
		for _, typ := range src.Blocks(series) {
			def, err := src.Block(series, typ)
			if err != nil {
				t.Fatal(err)
			}
			size, fixed := minSize(def.Fields)
			got := fmt.Sprint(size + 8)
			if !fixed {
				got += "+"
			}
			if got != want[typ] {
				t.Errorf("block %d.%d: %s bytes, want %s", series, typ, got, want[typ])
			}
			delete(want, typ)
		}
		if len(want) > 0 {
			t.Errorf("series %d: no layout for %v", series, want)
		}
	}
}

// TestMessageSizes compares whole messages with the examples of guides and of a
// published server log.
func TestMessageSizes(t *testing.T) {
	body := func(p []byte) int { return len(p) - wire.HeaderSize }
	discovery := func(ipv6 uint64) int {
		return body(record(t, 19, 0, 0, map[string]any{"has_ipv6": ipv6})) - 16
	}
	pairs := wire.DefaultPairs()
	streaming := func(pairs []wire.EventPair) []byte {
		service := wire.Service{ID: wire.ServiceEStreamer, Pairs: pairs}
		return wire.AppendStreamingRequest(nil, wire.StreamingRequest{Services: []wire.Service{service}}, wire.LengthExclusive)
	}
	services := []wire.Service{{ID: wire.Service5001}, {ID: wire.Service5000}, {ID: wire.ServiceEStreamer}}
	errorMessage := wire.AppendErrorMessage(nil, wire.ErrorMessage{Code: 19, Text: "No space\x00"})
	for _, c := range []struct {
		name      string
		got, want int
	}{
		{"intrusion event 5.4, extended header (guide example)", body(record(t, 400, 45, 0, nil)), 294},
		{"the same, short header", body(recordAs(t, wire.RecordHeader{}, 400, 45, nil)), 286},
		{"discovery header with IPv6", discovery(1), 56},
		{"discovery header without", discovery(0), 40},
		{"event stream request", body(wire.AppendEventStreamRequest(nil, wire.EventStreamRequest{})), 8},
		{"streaming information of three services (log)", body(wire.AppendStreamingInformation(nil, wire.StreamingInformation{Services: services})), 48},
		{"pairs of the default request and their terminator", 4 * (len(pairs) + 1), 40},
		{"streaming request of one service with two pairs and terminator (guide example)", body(streaming(pairs[:2])), 28},
		{"streaming request of nine pairs (log)", len(streaming(pairs)), 56 + wire.HeaderSize},
		{"error 19, No space, with NUL", body(errorMessage), 6 + 9},
	} {
		if c.got != c.want {
			t.Errorf("%s: %d bytes, want %d", c.name, c.got, c.want)
		}
	}
	if !bytes.HasSuffix(errorMessage, []byte("\x00\x09No space\x00")) {
		t.Errorf("error message %x: length 9 and the text expected", errorMessage)
	}
}
