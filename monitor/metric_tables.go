package monitor

import (
	"math"
	"time"

	"estream/service"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics with labels of their own.
var (
	buildInfo      = describe("build_info", "1, with the version of estream and of Go.", "version", "goversion")
	categoryEvents = describe("events_total", "Events and metadata that the journal got, by source and category. Security Intelligence is a category of its own.", "source", "category")
	outputMessages = describe("output_messages_total", "Messages that an output has taken from the journal, by what became of them: line, raw, silent (the format has no line for them), filtered, shed (left out because the output was behind) or unwritten (not decodable).", "output", "result")
	undecodable    = describe("output_undecodable_records_total", "Records that could not be decoded, by reason.", "output", "reason")
	alarmCount     = describe("alarms", "Alarms that are raised, by kind.", "alarm", "severity")
	alarmActive    = describe("alarm_since_timestamp_seconds", "When what an alarm tells of began. There is one for each alarm that is raised.", "alarm", "severity", "subject")
	notAfter       = describe("certificate_not_after_timestamp_seconds", "When a certificate expires.", "certificate")
	notBefore      = describe("certificate_not_before_timestamp_seconds", "When a certificate becomes valid.", "certificate")
)

// reportMetrics are there even when the collector does not run.
var reportMetrics = []metric[Report]{
	gauge("collector_running", "1 while the collector runs.", func(r *Report) float64 { return bit(r.Running) }),
	gauge("ready", "1 while nothing stands in the way of work, as /readyz has it.", func(r *Report) float64 { return bit(r.Ready()) }),
	gauge("state_free_bytes", "Room left on the disk of the state directory.", func(r *Report) float64 { return known(r.Space.Total > 0, float64(r.Space.Free)) }),
	gauge("state_size_bytes", "Size of the disk of the state directory.", func(r *Report) float64 { return known(r.Space.Total > 0, float64(r.Space.Total)) }),
}

var runningMetrics = []metric[Report]{
	gauge("journal_bytes", "Size of the journal.", func(r *Report) float64 { return float64(r.Status.Journal.Bytes) }),
	gauge("journal_segments", "Segments of the journal.", func(r *Report) float64 { return float64(r.Status.Journal.Segments) }),
	gauge("journal_messages", "Messages in the journal.", func(r *Report) float64 { return float64(r.Status.Journal.Messages) }),
	gauge("journal_pending_bytes", "Messages that were received and are not durable yet.", func(r *Report) float64 { return float64(r.Status.Journal.Pending) }),
	gauge("journal_held_bytes", "What the journal keeps above its limit because an output has not written it.", func(r *Report) float64 { return float64(r.Status.Journal.HeldBytes) }),
	gauge("journal_stalled_seconds", "For how long nothing could be written; 0 while all is well.", func(r *Report) float64 { return r.Status.Journal.StalledFor }),
	counter("journal_deleted_messages", "Messages deleted by retention.", func(r *Report) uint64 { return r.Status.Journal.Deleted }),
	counter("journal_damaged_messages", "Messages that could not be read any more.", func(r *Report) uint64 { return r.Status.Journal.Damaged }),
	counter("journal_syncs", "Calls of fsync.", func(r *Report) uint64 { return r.Status.Journal.Syncs }),
	counter("monitor_skipped", "Times that part of the journal was gone or damaged before its events were counted here.", func(r *Report) uint64 { return r.Counts.Skipped }),
	counter("monitor_unassigned_events", "Events of managed devices beyond the number that is told apart.", func(r *Report) uint64 { return r.Counts.Unassigned }),
}

var sourceMetrics = []metric[service.SourceStatus]{
	gauge("source_connected", "1 while there is a session with the server.", func(s *service.SourceStatus) float64 { return bit(s.Connected) }, "source"),
	counter("source_sessions", "Sessions that came to be.", func(s *service.SourceStatus) uint64 { return s.Sessions }, "source"),
	counter("source_received_messages", "Events and metadata received.", func(s *service.SourceStatus) uint64 { return s.Received }, "source"),
	counter("source_repeated_messages", "Received messages that the journal held already.", func(s *service.SourceStatus) uint64 { return s.Repeated }, "source"),
	counter("source_journaled_messages", "Received messages that were new.", func(s *service.SourceStatus) uint64 { return s.Journaled }, "source"),
	gauge("source_last_received_timestamp_seconds", "When the last message came.", func(s *service.SourceStatus) float64 { return unix(s.LastReceived) }, "source"),
	gauge("source_last_event_timestamp_seconds", "Archive time of the newest event in the journal.", func(s *service.SourceStatus) float64 { return unix(s.LastEvent) }, "source"),
}

var lagMetrics = []metric[SourceCount]{
	gauge("source_lag_seconds", "How old the newest event of the last batch was when it came, by its archive time.", func(c *SourceCount) float64 { return known(c.Archive > 0, c.Lag.Seconds()) }, "source"),
}

var groupMetrics = []metric[service.GroupStatus]{
	counter("group_repeated_events", "Events that another member of the group had delivered before.", func(g *service.GroupStatus) uint64 { return g.Repeated }, "group"),
	gauge("group_remembered_events", "Events in the window in which repetitions are recognized.", func(g *service.GroupStatus) float64 { return float64(g.Remembered) }, "group"),
}

var deviceMetrics = []metric[DeviceCount]{
	counter("device_events", "Events of a managed device that the journal got.", func(d *DeviceCount) uint64 { return d.Events }, "device"),
	gauge("device_last_received_timestamp_seconds", "When the journal got the last event of a managed device.", func(d *DeviceCount) float64 { return float64(d.Arrival) / 1e9 }, "device"),
	gauge("device_last_event_timestamp_seconds", "Archive time of the newest event of a managed device.", func(d *DeviceCount) float64 { return known(d.Archive > 0, float64(d.Archive)) }, "device"),
}

var outputMetrics = []metric[service.OutputStatus]{
	gauge("output_works", "1 while the destination takes what is written.", func(o *service.OutputStatus) float64 { return bit(o.Works) }, "output"),
	gauge("output_waiting_messages", "Messages in the journal that the output has not written yet.", func(o *service.OutputStatus) float64 { return float64(o.Waiting) }, "output"),
	gauge("output_behind_seconds", "How long ago the last message that was taken came into the journal; 0 when none waits.", func(o *service.OutputStatus) float64 { return o.Behind }, "output"),
	counter("output_lost_messages", "Messages gone from the journal before they were written.", func(o *service.OutputStatus) uint64 { return o.Lost }, "output"),
	counter("output_formatted_bytes", "Lines handed on, without framing.", func(o *service.OutputStatus) uint64 { return o.Bytes }, "output"),
	counter("output_retries", "Writes and commits that failed and were tried again.", func(o *service.OutputStatus) uint64 { return o.Retries }, "output"),
}

var transportMetrics = []metric[service.TransportStats]{
	gauge("output_connected", "1 while the destination took the last write.", func(t *service.TransportStats) float64 { return bit(t.Connected) }, "output"),
	counter("output_connects", "Connections to the destination that came to be.", func(t *service.TransportStats) uint64 { return t.Connects }, "output"),
	counter("output_sent_lines", "Lines handed to the destination, repeated ones included.", func(t *service.TransportStats) uint64 { return t.Lines }, "output"),
	counter("output_sent_bytes", "The same in bytes.", func(t *service.TransportStats) uint64 { return t.Bytes }, "output"),
	counter("output_truncated_lines", "Lines that were too long for the transport and were cut.", func(t *service.TransportStats) uint64 { return t.Truncated }, "output"),
	counter("output_rejected_lines", "Lines that the destination refused for good.", func(t *service.TransportStats) uint64 { return t.Rejected }, "output"),
	counter("output_missed_lines", "Lines that the destination is known to have missed.", func(t *service.TransportStats) uint64 { return t.Lost }, "output"),
}

func collectOutput(ch chan<- prometheus.Metric, o *service.OutputStatus) {
	send(ch, outputMetrics, o, o.Name)
	if o.Transport != nil {
		send(ch, transportMetrics, o.Transport, o.Name)
	}
	for _, result := range []struct {
		name string
		n    uint64
	}{{"line", o.Lines}, {"raw", o.Raw}, {"silent", o.Silent}, {"filtered", o.Filtered}, {"shed", o.Shed}, {"unwritten", o.Unwritten}} {
		ch <- prometheus.MustNewConstMetric(outputMessages, prometheus.CounterValue, float64(result.n), o.Name, result.name)
	}
	reasons := map[string]uint64{}
	for _, p := range o.Undecodable {
		if _, ok := reasons[p.Reason]; !ok && len(reasons) >= maxReasons {
			p.Reason = "other"
		}
		reasons[p.Reason] += p.Records
	}
	for reason, n := range reasons {
		ch <- prometheus.MustNewConstMetric(undecodable, prometheus.CounterValue, float64(n), o.Name, reason)
	}
}

func known(ok bool, v float64) float64 {
	if !ok {
		return math.NaN()
	}
	return v
}

func unix(t time.Time) float64 { return known(!t.IsZero(), float64(t.UnixNano())/1e9) }
