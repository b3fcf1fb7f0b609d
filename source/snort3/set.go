package snort3

import (
	"bytes"
	"fmt"
	"math"
	"net/netip"
)

// set takes over the value of a field. A field that is not known, or that is null,
// says nothing; one with an unusable value is left as it was.
func (a *alert) set(key, v []byte) error {
	if v == nil {
		return nil
	}
	n, err := uint64(0), error(nil)
	num := func(limit uint64) bool {
		n, err = number(v, limit)
		return err == nil
	}
	switch string(key) {
	case "seconds":
		if num(math.MaxUint32) {
			a.seconds, a.has = n, a.has|hasSeconds
		}
	case "timestamp":
		a.timestamp = v
	case "rule":
		return a.setRule(v)
	case "gid":
		if num(math.MaxUint32) {
			a.gid, a.has = uint32(n), a.has|hasRule
		}
	case "sid":
		if num(math.MaxUint32) {
			a.sid, a.has = uint32(n), a.has|hasRule
		}
	case "rev":
		if num(math.MaxUint32) {
			a.rev = uint32(n)
		}
	case "priority":
		if num(math.MaxUint32) {
			a.priority, a.has = uint32(n), a.has|hasPriority
		}
	case "msg":
		a.msg = v
	case "class":
		if string(v) != "none" {
			a.class = v
		}
	case "action":
		a.action = v
	case "proto":
		a.proto = v
	case "service":
		if string(v) != "unknown" {
			a.service = v
		}
	case "iface":
		a.iface = v
	case "b64_data":
		a.payload = v
	case "src_addr":
		return a.setAddress(&a.src, v)
	case "dst_addr":
		return a.setAddress(&a.dst, v)
	case "src_ap":
		return a.setPair(&a.src, v)
	case "dst_ap":
		return a.setPair(&a.dst, v)
	case "src_port":
		if num(math.MaxUint16) {
			a.src = netip.AddrPortFrom(a.src.Addr(), uint16(n))
		}
	case "dst_port":
		if num(math.MaxUint16) {
			a.dst = netip.AddrPortFrom(a.dst.Addr(), uint16(n))
		}
	case "icmp_type":
		if num(math.MaxUint8) {
			a.icmpType, a.has = uint16(n), a.has|hasICMP
		}
	case "icmp_code":
		if num(math.MaxUint8) {
			a.icmpCode, a.has = uint16(n), a.has|hasICMP
		}
	case "vlan":
		if num(math.MaxUint16) {
			a.vlan = uint16(n)
		}
	case "mpls":
		if num(math.MaxUint32) {
			a.mpls = uint32(n)
		}
	case "flowstart_time":
		if num(math.MaxUint32) {
			a.flowStart = n
		}
	}
	return err
}

// setRule takes "gid:sid:rev".
func (a *alert) setRule(v []byte) error {
	var n [3]uint64
	rest := v
	for i := range n {
		part, after, more := bytes.Cut(rest, []byte{':'})
		var err error
		if n[i], err = number(part, math.MaxUint32); err != nil || more != (i < 2) {
			return fmt.Errorf("%q found, gid:sid:rev expected", clip(v))
		}
		rest = after
	}
	a.gid, a.sid, a.rev, a.has = uint32(n[0]), uint32(n[1]), uint32(n[2]), a.has|hasRule
	return nil
}

func (a *alert) setAddress(to *netip.AddrPort, v []byte) error {
	ip, err := address(v)
	if err != nil {
		return err
	}
	*to, a.has = netip.AddrPortFrom(ip, to.Port()), a.has|hasAddress
	return nil
}

// setPair takes "address:port". The address may be IPv6 without brackets, and is
// empty for packets without one. Port 0 means that there is none, and leaves what
// another field says.
func (a *alert) setPair(to *netip.AddrPort, v []byte) error {
	i := bytes.LastIndexByte(v, ':')
	if i < 0 {
		return fmt.Errorf("%q found, address:port expected", clip(v))
	}
	port, err := number(v[i+1:], math.MaxUint16)
	if err != nil {
		return err
	}
	if port != 0 {
		*to = netip.AddrPortFrom(to.Addr(), uint16(port))
	}
	if i == 0 {
		return nil
	}
	ip := bytes.TrimSuffix(bytes.TrimPrefix(v[:i], []byte{'['}), []byte{']'})
	return a.setAddress(to, ip)
}
