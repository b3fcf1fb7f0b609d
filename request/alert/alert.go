package alert

import (
	"net/netip"
	"strconv"
	"time"

	"estream/format/flat"
)

// An Alert is what is told of one intrusion event, or of several of one rule.
type Alert struct {
	Priority uint32 // 1 is high, 2 medium, 3 low; 0 when the event has none
	Rule     Rule
	Revision uint32
	// Message is the text of the rule as metadata has it, at most MaxMessage bytes of
	// any content; "" if metadata has not named the rule. See AppendText.
	Message string
	// Source and Destination are IPv4 or IPv6 addresses, never IPv4-mapped ones. The
	// zero value stands for an address that the event does not have.
	Source, Destination         netip.Addr
	SourcePort, DestinationPort uint16 // of ICMP: type and code
	Protocol                    uint8  // IP protocol number
	Time                        time.Time
	Count                       uint64 // events that this alert stands for, from 1
}

// A Rule is the number of an intrusion rule in the event itself.
type Rule struct {
	Generator uint32
	Signature uint32
}

// MaxMessage is the longest text of a rule that an alert keeps, in bytes. Longer
// ones are cut and marked. The texts of Snort's own rules have less than 300.
const MaxMessage = 1024

// UrgentPriority is the lowest priority that is sent at once.
const UrgentPriority = 2

// Urgent reports whether the alert is sent at once. An event without priority is:
// nobody has said that it can wait.
func (a *Alert) Urgent() bool { return a.Priority <= UrgentPriority }

// AppendText appends the text of the rule as one printable line: control and
// format characters and invalid UTF-8 are escaped (\n, \x1b), so the result has up
// to four times as many bytes. For a rule that metadata has not named it says so.
func (a *Alert) AppendText(dst []byte) []byte {
	if a.Message != "" {
		return flat.AppendVisible(dst, []byte(a.Message))
	}
	dst = append(dst, "no message known for rule "...)
	dst = strconv.AppendUint(dst, uint64(a.Rule.Generator), 10)
	dst = strconv.AppendUint(append(dst, ':'), uint64(a.Rule.Signature), 10)
	return strconv.AppendUint(append(dst, ':'), uint64(a.Revision), 10)
}

// AppendAddress appends an address, nothing for the zero value.
func AppendAddress(dst []byte, a netip.Addr) []byte {
	if !a.IsValid() {
		return dst
	}
	return a.AppendTo(dst)
}
