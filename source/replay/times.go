package replay

import "estream/wire"

// timeFields are the 32-bit Unix times of events in all layouts, by name.
var timeFields = map[string]bool{
	"connection_event_timestamp": true,
	"connection_timestamp":       true,
	"correlation_event_second":   true,
	"event_second":               true,
	"file_event_timestamp":       true,
	"file_timestamp":             true,
	"first_connection_time":      true,
	"first_packet_timestamp":     true,
	"first_seen":                 true,
	"host_last_seen":             true,
	"last_connection_time":       true,
	"last_packet_timestamp":      true,
	"last_seen":                  true,
	"last_used":                  true,
	"malware_event_timestamp":    true,
	"packet_second":              true,
	"pe_time":                    true,
	"start_time":                 true,
	"time":                       true,
	"timestamp":                  true,
	"trigger_event_second":       true,
}

// staysPut are fields whose names sound like such times and that rounds do not
// move: durations, parts of a second, lengths of texts, and the validity of
// certificates, which is no time of an event.
var staysPut = map[string]bool{
	"entry_date_length":         true,
	"event_microsecond":         true,
	"last_device_id":            true,
	"last_event_id":             true,
	"lease_time":                true,
	"modified_date_length":      true,
	"packet_microsecond":        true,
	"published_date_length":     true,
	"trigger_event_microsecond": true,
	"valid_finish_date":         true,
	"valid_start_date":          true,
}

func isTime(f *wire.Field) bool { return f.Kind == wire.KindUint32 && timeFields[f.Name] }
