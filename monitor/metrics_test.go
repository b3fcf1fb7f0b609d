package monitor

import (
	"bytes"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"estream/service"
)

// metricsOf returns the metrics of a lab, and fails the test if promtool finds fault with them.
func metricsOf(t *testing.T, l *lab) string {
	t.Helper()
	data, err := NewMetrics(l.Report, "v1.2.3").Text()
	if err != nil {
		t.Fatal(err)
	}
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Fatalf("%v: install Debian's package prometheus, without its recommendations, or run tools/needs.sh", err)
	}
	check := exec.Command(promtool, "check", "metrics")
	check.Stdin = bytes.NewReader(data)
	if out, err := check.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("promtool check metrics: %v\n%s", err, out)
	}
	return string(data)
}

func TestMetrics(t *testing.T) {
	l := busy(t)
	text := metricsOf(t, l)
	for _, want := range []string{
		`estream_build_info{goversion="go`,
		`estream_ready 1`,
		`estream_events_total{category="intrusion",source="fmc-a"} 331`,
		`estream_events_total{category="security_intelligence",source="fmc-b"} 330`,
		`estream_device_events_total{device="ftd-1"} 331`,
		`estream_device_events_total{device="9 of fmc-b"} 330`,
		`estream_source_received_messages_total{source="fmc-a"} 660000`,
		`estream_source_lag_seconds{source="fmc-a"} 0`,
		`estream_group_repeated_events_total{group="ha"} 5000`,
		`estream_journal_bytes 1.3631488e+09`,
		`estream_output_messages_total{output="siem",result="silent"} 100`,
		`estream_output_undecodable_records_total{output="siem",reason="unknown record type"} 5`,
		`estream_output_truncated_lines_total{output="siem"} 2`,
		`estream_alarms{alarm="device_quiet",severity="warning"} 0`,
		`estream_certificate_not_after_timestamp_seconds{certificate="fmc-a client"} 1.8`,
		`estream_state_free_bytes 4.294967296e+10`,
		"go_goroutines ", "process_start_time_seconds ",
	} {
		if !strings.Contains(text, "\n"+want) {
			t.Errorf("no %s", want)
		}
	}
	for _, not := range []string{`estream_output_truncated_lines_total{output="archive"}`, `estream_source_last_event_timestamp_seconds{source="fmc-b"}`} {
		if strings.Contains(text, not) {
			t.Errorf("%s has a value, and there is none", not)
		}
	}
	l.wrong()
	text = metricsOf(t, l)
	for _, want := range []string{
		"estream_ready 0", `estream_alarms{alarm="output_failed",severity="error"} 2`,
		`estream_alarm_since_timestamp_seconds{alarm="source_disconnected",severity="error",subject="fmc-b"} 1.7`,
	} {
		if !strings.Contains(text, "\n"+want) {
			t.Errorf("no %s", want)
		}
	}
	l.running = false
	l.pass(DefaultInterval)
	if text = metricsOf(t, l); !strings.Contains(text, "\nestream_collector_running 0") || strings.Contains(text, "estream_source") {
		t.Errorf("metrics of a collector that does not run:\n%s", text)
	}
}

// TestMetricsHostile: what peers send as names makes neither a scrape fail nor
// more series than are allowed.
func TestMetricsHostile(t *testing.T) {
	l := newLab(t, t.TempDir(), learning())
	l.observed(1, deviceName(t, 1, "a\"\n\\\xff"), deviceName(t, 2, "a\"\n\\\xfe"), intrusion(t, 1, 1), intrusion(t, 2, 1))
	l.observed(9, intrusion(t, 1, 1)) // a source without name, as is
	l.observed(8, intrusion(t, 1, 1)) // this one
	for i := range maxReasons + 10 {
		l.status.Outputs[0].Undecodable = append(l.status.Outputs[0].Undecodable, service.ProblemCount{Reason: fmt.Sprint(i), Records: 1})
	}
	l.pass(DefaultInterval)
	text := metricsOf(t, l)
	for _, want := range []string{`estream_device_events_total{device="a\"?\\?"} 2`, `estream_output_undecodable_records_total{output="siem",reason="other"} 10`} {
		if !strings.Contains(text, "\n"+want) {
			t.Errorf("no %s", want)
		}
	}
}
