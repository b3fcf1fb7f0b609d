package relp

import (
	"strconv"
	"strings"
	"testing"

	"estream/output/conn/rsyslogtest"
)

// confirming starts a server that confirms everything and allocates nothing for it.
func confirming(t testing.TB) string {
	l := listen(t)
	go func() {
		c, err := l.l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		r := newReader(c)
		rsp := []byte("1 rsp " + strconv.Itoa(len(offers)) + " " + offers + "\n")
		for {
			f, err := r.next()
			if err != nil {
				return
			}
			if f.txnr > 1 {
				rsp = append(strconv.AppendInt(rsp, int64(f.txnr), 10), " rsp 6 200 OK\n"...)
			}
			if r.br.Buffered() == 0 {
				if _, err := c.Write(rsp); err != nil {
					return
				}
				rsp = rsp[:0]
			}
		}
	}()
	return l.l.Addr().String()
}

func BenchmarkWrite(b *testing.B) {
	lines := []byte(strings.Repeat(strings.Repeat("x", 599)+"\n", 400))
	out := opened(b, Options{Address: confirming(b)})
	b.SetBytes(int64(len(lines)))
	b.ReportAllocs()
	for b.Loop() {
		if err := out.Write(b.Context(), lines); err != nil {
			b.Fatal(err)
		}
	}
	commit(b, out)
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/400, "ns/line")
}

// BenchmarkRsyslog is the same into rsyslog, which writes each line to a file.
func BenchmarkRsyslog(b *testing.B) {
	s := rsyslogtest.Start(b, rsyslogtest.RELP)
	lines := rsyslogtest.Join(rsyslogtest.Lines(0, 400))
	out := opened(b, Options{Address: s.Address})
	b.SetBytes(int64(len(lines)))
	for b.Loop() {
		if err := out.Write(b.Context(), lines); err != nil {
			b.Fatal(err)
		}
	}
	commit(b, out)
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/400, "ns/line")
}
