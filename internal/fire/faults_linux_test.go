package fire

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"syscall"
	"time"

	"estream/wire"
)

// A fault is something that goes wrong, so many times in half an hour, and in a
// shorter run in proportion.
type fault struct {
	name string
	many int
	do   func(s *site, rng *rand.Rand)
}

var faults = []fault{
	{"kill -9 of estream run", 60, (*site).killCollector},
	{"server killed and restarted", 14, func(s *site, rng *rand.Rand) { s.restartServer(rng, s.center.kill) }},
	{"server stopped and restarted", 10, func(s *site, rng *rand.Rand) { s.restartServer(rng, s.center.interrupt) }},
	{"connections reset by a firewall", 14, (*site).reset},
	{"network link down", 10, (*site).linkDown},
	{"connection half open", 14, (*site).halfOpen},
	{"rsyslogd stopped", 5, func(s *site, rng *rand.Rand) { s.stopReceiver(rng, syscall.SIGTERM) }},
	{"rsyslogd killed", 5, func(s *site, rng *rand.Rand) { s.stopReceiver(rng, syscall.SIGKILL) }},
	{"disk of the journal full", 3, func(s *site, rng *rand.Rand) { s.fill(rng, s.state) }},
	{"disk of the files full", 3, func(s *site, rng *rand.Rand) { s.fill(rng, s.out) }},
	{"garbage in the session", 10, (*site).garbage},
	{"noise in place of TLS", 4, (*site).noise},
	{"clock jumps", 6, (*site).jump},
}

// lasts is how long a fault lasts.
func lasts(rng *rand.Rand, least, most time.Duration) {
	time.Sleep(least + time.Duration(rng.Int64N(int64(most-least))))
}

func (s *site) killCollector(*rand.Rand) {
	s.collector.mu.Lock()
	defer s.collector.mu.Unlock()
	s.collector.kill()
	s.collector.start()
}

func (s *site) restartServer(rng *rand.Rand, end func()) {
	s.center.mu.Lock()
	defer s.center.mu.Unlock()
	end()
	lasts(rng, 10*time.Millisecond, 3*time.Second)
	s.center.start()
}

// reset has a firewall answer for the other side: connections break, and new ones
// are refused. Either those to the server or those of RELP.
func (s *site) reset(rng *rand.Rand) {
	addr := s.center.setup.Listen
	if rng.IntN(3) == 0 {
		addr = s.relp.addr
	}
	_, port, _ := net.SplitHostPort(addr)
	remove := s.ns.rule(fmt.Sprintf("reset%d", rng.Uint32()), "tcp dport "+port+" reject with tcp reset", "tcp sport "+port+" reject with tcp reset")
	defer remove()
	lasts(rng, 200*time.Millisecond, 3*time.Second)
}

func (s *site) linkDown(rng *rand.Rand) {
	s.network.Lock()
	defer s.network.Unlock()
	s.ns.run("ip", "link", "set", "lo", "down")
	defer s.ns.run("ip", "link", "set", "lo", "up")
	lasts(rng, 200*time.Millisecond, 4*time.Second)
}

// halfOpen lets the packets of one connection vanish until the program has found
// out by itself.
func (s *site) halfOpen(rng *rand.Rand) {
	var ports []int
	err := until("a session", 30*time.Second, func() bool { ports = s.ns.ports(s.center.port()); return len(ports) > 0 })
	if err != nil {
		s.t.Error(err)
		return
	}
	var rules []string
	for _, p := range ports {
		rules = append(rules, fmt.Sprintf("tcp dport %d drop", p), fmt.Sprintf("tcp sport %d drop", p))
	}
	remove := s.ns.rule(fmt.Sprintf("half%d", rng.Uint32()), rules...)
	defer remove()
	lasts(rng, 11*time.Second, 16*time.Second) // idle_timeout is 10 s
}

func (s *site) stopReceiver(rng *rand.Rand, how syscall.Signal) {
	s.relp.busy.Lock()
	defer s.relp.busy.Unlock()
	s.relp.mu.Lock()
	s.relp.stop(how)
	s.relp.mu.Unlock()
	lasts(rng, time.Second, 8*time.Second)
	s.relp.mu.Lock()
	s.relp.start()
	s.relp.mu.Unlock()
}

func (s *site) fill(rng *rand.Rand, d *disk) {
	d.busy.Lock()
	defer d.busy.Unlock()
	defer d.fill()()
	lasts(rng, 2*time.Second, 6*time.Second)
}

func (s *site) garbage(rng *rand.Rand) {
	s.center.mu.Lock()
	defer s.center.mu.Unlock()
	s.center.order("garbage %d", 1+rng.Uint64()>>1)
}

// noise listens in place of the server, and answers with nonsense.
func (s *site) noise(rng *rand.Rand) {
	s.center.mu.Lock()
	defer s.center.mu.Unlock()
	s.center.kill()
	defer s.center.start()
	var (
		ln  net.Listener
		err error
	)
	s.ns.Do(func() { ln, err = net.Listen("tcp", s.center.setup.Listen) })
	if err != nil {
		s.t.Error(err)
		return
	}
	defer ln.Close()
	until := time.Now().Add(10 * time.Second)
	if err := ln.(*net.TCPListener).SetDeadline(until); err != nil {
		s.t.Error(err)
	}
	for range 2 {
		c, err := ln.Accept()
		if err != nil {
			return // the collector waits longer than that: nothing to answer
		}
		_ = c.SetDeadline(time.Now().Add(2 * time.Second))
		_, _ = c.Write(noise(rng.Uint64()))
		_, _ = io.Copy(io.Discard, c)
		_ = c.Close()
	}
}

// jump sets the clock of the program forward, back, or right. With a clock that is
// wrong by days certificates are not valid, so that does not last.
func (s *site) jump(rng *rand.Rand) {
	jumps := []time.Duration{time.Hour, -time.Hour, 0, 90 * time.Second, -50 * time.Hour, 50 * time.Hour}
	d := jumps[rng.IntN(len(jumps))] + time.Duration(rng.IntN(20)-10)*time.Second
	s.collector.jump(d)
	if d.Abs() > 24*time.Hour {
		lasts(rng, 2*time.Second, 6*time.Second)
		s.collector.jump(0)
	}
}

// noise is nothing that a server says: bytes without any sense, a message of a
// version that does not exist, or one that is longer than any.
func noise(seed uint64) []byte {
	rng := rand.New(rand.NewPCG(seed, 1))
	b := make([]byte, 8+rng.IntN(4000))
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	switch seed % 3 {
	case 0:
		b[0] |= 0x80 // no version
	case 1:
		binary.BigEndian.PutUint16(b, 7)
	default:
		binary.BigEndian.PutUint16(b, wire.HeaderVersion)
		binary.BigEndian.PutUint16(b[2:], uint16(wire.TypeEventData))
		binary.BigEndian.PutUint32(b[4:], 0xfffffff0)
	}
	return b
}
