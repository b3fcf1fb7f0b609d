package docs

import (
	"regexp"
	"strings"
	"testing"

	"estream/format"
	"estream/format/catalog"
	"estream/layouts"
	"estream/meta"
)

// cefRows are the rows about the keys of CEF.
func (l *lab) cefRows() []example {
	login := l.msg(170, 167, fields{"vpn_session": session()})
	logoff := l.msg(171, 167, fields{"vpn_session": session()})
	act := func(n int, claims ...claim) example {
		return example{"D-25", "", [][]byte{l.msg(400, 85, fields{"blocked": n})}, claims}
	}
	score := func(record uint16, number uint32, n int) [][]byte {
		return [][]byte{l.msg(record, number, fields{"threat_score": n})}
	}
	return []example{
		{"D-21", "login", [][]byte{l.msg(170, 167, nil)}, []claim{
			in("cef", "compat", " dvcpid=None ", " requestClientApplication=None ", " src=None ", " vpnProfile=None"),
			in("cef", "fixed", " dvcpid=None ", "!requestClientApplication=", "! src=", "!vpnProfile="), in("cef", "strict", "!None"),
		}},
		{"D-21", "logoff", [][]byte{l.msg(171, 167, nil)}, []claim{
			in("cef", "compat", " dvcpid=None ", " in=None out=None "), in("cef", "fixed", " dvcpid=None ", "! in=", "! out="), in("cef", "strict", "!None"),
		}},
		{"D-21", "rule without metadata", [][]byte{l.msg(400, 85, fields{"generator_id": 1, "rule_id": 7, "rule_revision": 2})}, []claim{
			in("cef cef2", "compat fixed", "|INTRUSION:400:1:None|None|5|", " cs6=None cs6Label=ruleId "), in("cef", "strict", "|1:7:2|Intrusion Event|", "!None"),
		}},
		{"D-22", "login", [][]byte{login}, []claim{
			in("cef", "compat", "|VPN Login|None|", "! cs3=", " cs3Label=clientOS "), in("cef", "strict", "|VPN Login|2|", "linux-64", "AnyConnect 4", "staff", "office", "10.1.2.3"),
			in("cef2", "compat fixed", "!VPN"), // cef2 has no line for logins and logoffs
			in("cef", "fixed", "|VPN Login|3|cn1=77 ", " cs2=AnyConnect IKEv1 Client ", " cs3=linux-64 ", " cs4=AnyConnect 4 ", " cs5=office ",
				" cs6=staff ", " in=2000 ", " out=1000 ", " src=10.1.2.3 ", " vpnProfile=office"),
		}},
		{"D-22", "logoff", [][]byte{logoff}, []claim{
			in("cef", "compat", "|VPN|None|"), in("cef", "fixed", "|VPN|3|", " src=10.1.2.3 "), in("cef", "strict", "|VPN Logoff|2|", "10.1.2.3"),
		}},
		act(1, in("cef", "compat fixed", "|act=Dropped "), in("cef2", "compat fixed", "|act=Blocked "), in("cef", "strict", " act=Dropped ")),
		act(3, in("cef2", "compat fixed", "|act=3 ")),
		act(5, in("cef", "compat fixed", "|act=Would be Block "), in("cef", "strict", " act=Would Be Blocked ")),
		act(14, in("cef", "compat fixed", "|act=Would be Rewritten "), in("cef", "strict", " act=Would Be Rewritten ")),
		act(20, in("cef cef2", "compat fixed", "|act=20 "), in("cef", "strict", " act=20 ")),
		{"D-26", "connection", [][]byte{l.user(), l.msg(71, 174, fields{"user_id": 7, "protocol": 6})}, []claim{
			in("cef cef2", "compat fixed", " proto=6 ", " suser=7"), in("cef", "strict", " proto=TCP ", " suid=7 suser=bob "),
		}},
		{"D-26", "file", [][]byte{l.user(), l.msg(502, 79, fields{"user_id": 7, "protocol": 6})}, []claim{
			in("cef cef2", "compat fixed", " proto=6 ", " suser=7"), in("cef", "strict", " proto=TCP ", " suid=7 suser=bob "),
		}},
		{"D-26", "correlation", [][]byte{l.msg(112, 156, fields{"ip_protocol": 6})}, []claim{in("cef cef2", "compat fixed", " proto=6 "), in("cef", "strict", " proto=TCP ")}},
		{"D-26", "malware", [][]byte{l.msg(125, 80, fields{"protocol": 6})}, []claim{in("cef cef2", "compat fixed", " proto=6"), in("cef", "strict", " proto=TCP ")}},
		{"D-26", "intrusion", [][]byte{l.user(), l.msg(400, 85, fields{"user_id": 7})}, []claim{
			in("cef cef2", "compat fixed", " suser=7"), in("cef", "strict", " suid=7 suser=bob "),
		}},
		{"D-27", "malware", score(125, 80, 76), []claim{in("cef cef2", "compat fixed", "|7.6|"), in("cef", "strict", "|7|")}},
		{"D-27", "file", score(500, 79, 100), []claim{in("cef cef2", "compat fixed", "|10.0|"), in("cef", "strict", "|10|")}},
		{"D-27", "malware file", score(502, 79, 5), []claim{in("cef cef2", "compat fixed", "|0.5|"), in("cef", "strict", "|0|")}},
		{"D-28", "malware", [][]byte{l.msg(125, 80, fields{"retro_disposition": 3})}, []claim{
			in("cef cef2", "compat fixed", " cs4Label=speroDisposition ", "!retroDisposition"), in("cef", "strict", " cs4Label=retroDisposition ", "!cs4Label=spero"),
		}},
		{"D-28", "file", [][]byte{l.msg(500, 79, fields{"signature": "EICAR"})}, []claim{
			in("cef cef2", "compat fixed", " cs4=EICAR ", "!cs4Label="), in("cef", "strict", " cs4=EICAR cs4Label="),
		}},
		{"D-29", "", [][]byte{l.msg(71, 174, nil)}, []claim{
			in("cef cef2", "compat fixed", "CEF:0|Cisco|Firepower|6.0|", "! cs2=", " cs2Label=fwRule ", "! spt=", "! dpt="),
			in("cef", "strict", " cs2=0 cs2Label=fwRule ", " spt=0 ", " dpt=0 "),
		}},
		{"D-29", "absent text", [][]byte{l.msg(125, 80, nil)}, []claim{
			in("cef cef2", "compat fixed", "! cs2=", " cs2Label="), in("cef", "strict", "! cs2=", "! cs2Label="),
		}},
	}
}

// cefTextRows are the rows about text in CEF.
func (l *lab) cefTextRows() []example {
	url := func(s string) [][]byte { return [][]byte{l.msg(71, 174, fields{"client_url": s})} }
	packet := func(payload string) [][]byte {
		return [][]byte{l.msg(2, 0, fields{"packet_data": frame(false, 0x0800, ipv4(udp(payload)))})}
	}
	const digits = 1022 - 2*8 // behind the UDP header
	rule := l.msg(66, 0, fields{"generator_id": 1, "rule_id": 7, "signature_id": 9, "message": "a|b\\c\r\nd\x01e"})
	return []example{
		{"D-20", "packet", packet("abc"), []claim{
			in("cef cef2", "compat fixed", "|cs1=b'003510", "616263' cs1Label=payload "), in("cef", "strict", "!b'", " CiscoFirepowerPacketPayload=616263 "),
		}},
		{"D-20", "long packet", packet(strings.Repeat("a", 600)), []claim{
			in("cef cef2", "compat fixed", strings.Repeat("61", digits/2)+"' cs1Label=payload "),
			in("cef", "strict", " CiscoFirepowerPacketPayload="+strings.Repeat("61", 600)+" "),
		}},
		{"D-20", "text", url("a\xffb"), []claim{in("cef cef2", "compat fixed", " request=b'61ff62' "), in("cef", "strict", " request=a\ufffdb ")}},
		{"D-23", "equals sign", url(`a=b"c|d]e\f`), []claim{
			in("cef cef2", "compat fixed", ` request="a=b\"c\|d\]e\\f" `), in("cef", "strict", ` request=a\=b"c|d]e\\f `),
		}},
		{"D-23", "without equals sign", url(`b"c|d]e\f`), []claim{in("cef cef2", "compat fixed", ` request=b\"c\|d\]e\\f `), in("cef", "strict", ` request=b"c|d]e\\f `)}},
		{"D-24", "value", url("a\r\nb\x01c"), []claim{in("cef cef2", "compat fixed", ` request=a\r\nb`+"\x01c "), in("cef", "strict", ` request=a\r\nb`+"\ufffdc ")}},
		{"D-24", "header", [][]byte{rule, l.msg(400, 85, fields{"generator_id": 1, "rule_id": 7})}, []claim{
			in("cef cef2", "compat", `|INTRUSION:400:1:9|a|b\c\r\nd`+"\x01e|5|"), in("cef cef2", "fixed", `|INTRUSION:400:1:9|a\|b\\c  d`+"\x01e|5|"),
			in("cef", "strict", `|a\|b\\c  d`+"\ufffde|5|"),
		}},
	}
}

// TestSyslogTime is the rest of D-29: the time of writing, and whose version it is.
func TestSyslogTime(t *testing.T) {
	l := &lab{t, layouts.Default()}
	stream := [][]byte{l.msg(71, 174, nil)}
	classic := regexp.MustCompile(`^<13>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S+ CEF:0\|`)
	rfc3339 := regexp.MustCompile(`^<13>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00 \S+ CEF:0\|`)
	for _, c := range []struct {
		format, profile string
		want            *regexp.Regexp
	}{
		{"cef", "compat", classic}, {"cef2", "compat", classic}, {"cef", "fixed", classic}, {"cef2", "fixed", classic}, {"cef", "strict", rfc3339},
	} {
		if line := last(t, l.set, c.format, c.profile, stream); !c.want.MatchString(line) {
			t.Errorf("%s %s: want %v in %q", c.format, c.profile, c.want, line)
		}
	}
	f, err := catalog.New("cef", catalog.Options{Profile: meta.Strict, Version: "7.4"})
	if err != nil {
		t.Fatal(err)
	}
	if line, _ := format.NewWorker(l.set, f).Append(nil, stream[0], meta.Initial()); !strings.Contains(string(line), "|Firepower|7.4|") {
		t.Errorf("want version 7.4 in %s", line)
	}
	if _, err := catalog.New("cef", catalog.Options{Version: "7.4"}); err == nil {
		t.Error("compat takes a version")
	}
}
