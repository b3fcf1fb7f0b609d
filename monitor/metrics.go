package monitor

import (
	"bytes"
	"fmt"
	"math"
	"net/http"
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const (
	// maxActive bounds the alarms that are shown one by one; all count in estream_alarms.
	maxActive = 1000
	// maxReasons bounds the label "reason" of an output; further reasons count as "other".
	maxReasons = 50
	// maxScrapes are how many may ask at once.
	maxScrapes = 4
)

// Metrics shows a Report to Prometheus, with the metrics of the Go runtime and
// of the process. As an http.Handler it answers scrapes. It is safe for
// concurrent use.
type Metrics struct{ handler http.Handler }

// NewMetrics returns the metrics of what report returns. version is the program's.
func NewMetrics(report func() *Report, version string) *Metrics {
	r := prometheus.NewRegistry()
	r.MustRegister(&collector{report, version}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return &Metrics{promhttp.HandlerFor(r, promhttp.HandlerOpts{MaxRequestsInFlight: maxScrapes, EnableOpenMetrics: true})}
}

func (m *Metrics) ServeHTTP(w http.ResponseWriter, r *http.Request) { m.handler.ServeHTTP(w, r) }

// Text returns the metrics in Prometheus' text form, for a support bundle.
func (m *Metrics) Text() ([]byte, error) {
	w := page{header: http.Header{}, status: http.StatusOK}
	m.handler.ServeHTTP(&w, &http.Request{Method: http.MethodGet, Header: http.Header{}})
	if w.status != http.StatusOK {
		return nil, fmt.Errorf("metrics: %s", bytes.TrimSpace(w.Bytes()))
	}
	return w.Bytes(), nil
}

// A page is an answer kept in memory.
type page struct {
	bytes.Buffer
	header http.Header
	status int
}

func (p *page) Header() http.Header    { return p.header }
func (p *page) WriteHeader(status int) { p.status = status }

// A metric is one value of T.
type metric[T any] struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(*T) float64 // NaN: there is none at present
}

func counter[T any](name, help string, value func(*T) uint64, labels ...string) metric[T] {
	return metric[T]{describe(name+"_total", help, labels...), prometheus.CounterValue, func(t *T) float64 { return float64(value(t)) }}
}

func gauge[T any](name, help string, value func(*T) float64, labels ...string) metric[T] {
	return metric[T]{describe(name, help, labels...), prometheus.GaugeValue, value}
}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("estream_"+name, help, labels, nil)
}

func send[T any](ch chan<- prometheus.Metric, list []metric[T], t *T, labels ...string) {
	for _, m := range list {
		if v := m.value(t); !math.IsNaN(v) {
			ch <- prometheus.MustNewConstMetric(m.desc, m.kind, v, labels...)
		}
	}
}

func describeAll[T any](ch chan<- *prometheus.Desc, list []metric[T]) {
	for _, m := range list {
		ch <- m.desc
	}
}

func bit(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// A collector makes metrics of reports.
type collector struct {
	report  func() *Report
	version string
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{buildInfo, categoryEvents, outputMessages, undecodable, alarmCount, alarmActive, notAfter, notBefore} {
		ch <- d
	}
	describeAll(ch, reportMetrics)
	describeAll(ch, runningMetrics)
	describeAll(ch, sourceMetrics)
	describeAll(ch, lagMetrics)
	describeAll(ch, groupMetrics)
	describeAll(ch, outputMetrics)
	describeAll(ch, transportMetrics)
	describeAll(ch, deviceMetrics)
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	r := c.report()
	ch <- prometheus.MustNewConstMetric(buildInfo, prometheus.GaugeValue, 1, c.version, runtime.Version())
	send(ch, reportMetrics, r)
	collectAlarms(ch, r)
	for _, cert := range r.Certificates {
		ch <- prometheus.MustNewConstMetric(notAfter, prometheus.GaugeValue, float64(cert.NotAfter.Unix()), cert.Name)
		if !cert.NotBefore.IsZero() {
			ch <- prometheus.MustNewConstMetric(notBefore, prometheus.GaugeValue, float64(cert.NotBefore.Unix()), cert.Name)
		}
	}
	if !r.Running {
		return
	}
	send(ch, runningMetrics, r)
	for i := range r.Status.Sources {
		send(ch, sourceMetrics, &r.Status.Sources[i], r.Status.Sources[i].Name)
	}
	for i := range r.Counts.Sources {
		send(ch, lagMetrics, &r.Counts.Sources[i], r.Counts.Sources[i].Source)
	}
	for i := range r.Status.Groups {
		send(ch, groupMetrics, &r.Status.Groups[i], r.Status.Groups[i].Name)
	}
	for i := range r.Counts.Categories {
		n := &r.Counts.Categories[i]
		ch <- prometheus.MustNewConstMetric(categoryEvents, prometheus.CounterValue, float64(n.Events), n.Source, n.Category)
	}
	for i := range r.Counts.Devices {
		send(ch, deviceMetrics, &r.Counts.Devices[i], r.Counts.Devices[i].Device)
	}
	for i := range r.Status.Outputs {
		collectOutput(ch, &r.Status.Outputs[i])
	}
}

func collectAlarms(ch chan<- prometheus.Metric, r *Report) {
	n := map[string]int{}
	for i, a := range r.Alarms {
		n[a.Kind]++
		if i < maxActive {
			ch <- prometheus.MustNewConstMetric(alarmActive, prometheus.GaugeValue, float64(a.Since.Unix()), a.Kind, string(a.Severity), a.Subject)
		}
	}
	for _, k := range kinds {
		ch <- prometheus.MustNewConstMetric(alarmCount, prometheus.GaugeValue, float64(n[k.Name]), k.Name, string(k.Severity))
	}
}
