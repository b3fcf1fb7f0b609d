package conf

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// DefaultFormat is the form of log lines when the file names none.
const DefaultFormat = "%(asctime)s %(name)-12s %(levelname)-8s %(message)s"

// DefaultMaxLogs is how many lines a file holds before the next one is begun.
const DefaultMaxLogs = 10000

const defaultMaxSCP = 500

const (
	maxSeconds = 7 * 24 * 3600 // of any time limit
	maxPeriod  = 366 * 24 * 3600
	maxCount   = 1 << 30 // of lines and batches
)

// Parse reads a configuration. The error says where the file is no JSON object;
// everything else is a warning. Warnings are in the order of their paths.
func Parse(data []byte) (*Conf, []Warning, error) {
	d, err := ParseDocument(data)
	if err != nil {
		return nil, nil, err
	}
	c, warnings := d.Conf()
	return c, warnings, nil
}

// Conf returns what the document means.
func (d *Document) Conf() (*Conf, []Warning) {
	var warnings []Warning
	warn := func(path, format string, args ...any) {
		warnings = append(warnings, Warning{path, fmt.Sprintf(format, args...)})
	}
	c := parseTop(newReader("$", d.root, warn))
	slices.SortStableFunc(warnings, func(a, b Warning) int { return cmp.Compare(a.Path, b.Path) })
	return c, warnings
}

func parseTop(r *reader) *Conf {
	c := &Conf{
		Enabled:         r.boolean("enabled", true),
		ConnectTimeout:  r.seconds("connectTimeout", 10*time.Second, 0.001, maxSeconds),
		ResponseTimeout: r.seconds("responseTimeout", 2*time.Second, 0.001, maxSeconds),
		Start:           2,
		WorkersGiven:    r.integer("workerProcesses", 4, -maxCount, maxCount),
		BatchSize:       r.integer("batchSize", 100, 1, maxCount),
		QueueSize:       r.integer("queueSize", 200, 1, maxCount),
		Continue:        r.boolean("alwaysAttemptToContinue", false),
		Password:        r.text("password", ""),
	}
	// Everything but 0 and 1 is the bookmark.
	if start := r.integer("start", 2, -maxCount, maxCount); start == 0 || start == 1 {
		c.Start = start
	} else if start != 2 {
		r.warn(r.at("start"), "found %d, expected 0 (oldest), 1 (now) or 2 (bookmark); 2 is used", start)
	}
	c.Workers = min(c.WorkersGiven, MaxWorkers)
	if c.Workers < 1 {
		c.Workers = 4 // as eNcore does
		r.warn(r.at("workerProcesses"), "found %d, expected 1 to %d; 4 is used", c.WorkersGiven, MaxWorkers)
	}
	for i, v := range r.list("conditions") {
		if s, ok := v.(string); ok {
			c.Conditions = append(c.Conditions, s)
		} else {
			r.warn(fmt.Sprintf("%s[%d]", r.at("conditions"), i), "found %s, expected text in quotes; it is left out", short(v))
		}
	}
	for _, old := range []string{"maxQueueSize", "pcapMaxSize", "pcapOutputFormat"} {
		if _, ok := r.get(old); ok {
			r.warn(r.at(old), "this key of old releases has no effect")
		}
	}
	c.Monitor = parseMonitor(r.child("monitor"))
	c.Logging = parseLogging(r.child("logging"))
	parseSubscription(c, r.child("subscription"))
	parseHandler(c, r.child("handler"))
	r.end()
	return c
}

func parseMonitor(r *reader) Monitor {
	m := Monitor{
		Period:   r.seconds("period", 120*time.Second, 0.001, maxPeriod),
		Handled:  r.boolean("handled", true),
		Bookmark: r.boolean("bookmark", false),
		Details:  r.boolean("details", false),
		Velocity: r.boolean("velocity", false),
	}
	r.boolean("subscribed", true) // known, and without effect since 2017
	r.end()
	return m
}

func parseLogging(r *reader) Logging {
	l := Logging{
		File:   strings.TrimSpace(r.text("filepath", "")),
		Level:  r.choice("level", "INFO", "FATAL", "ERROR", "WARNING", "INFO", "DEBUG", "VERBOSE", "TRACE"),
		Format: r.text("format", DefaultFormat),
		StdErr: r.boolean("stdErr", false),
	}
	// The guide writes stdout in one place.
	if _, ok := r.object["stdOut"]; !ok && r.object["stdout"] != nil {
		r.warn(r.at("stdout"), `the key is "stdOut"; it is taken as that`)
		l.StdOut = r.boolean("stdout", true)
	} else {
		l.StdOut = r.boolean("stdOut", true)
	}
	r.end()
	return l
}

func parseSubscription(c *Conf, r *reader) {
	servers := r.list("servers")
	for i, v := range servers {
		object, _ := v.(map[string]any)
		s := newReader(fmt.Sprintf("%s[%d]", r.at("servers"), i), object, r.warn)
		c.Servers = append(c.Servers, parseServer(s))
	}
	if len(c.Servers) == 0 {
		c.Servers = []Server{parseServer(newReader(r.at("servers")+"[0]", nil, r.warn))}
	}
	if len(servers) > 1 {
		r.warn(r.at("servers"), "found %d servers; as in eNcore only the first one is used. estream run takes any number", len(servers))
	}
	q := r.child("records")
	c.Request = Request{
		PacketData:        q.boolean("packetData", true),
		ImpactEventAlerts: q.boolean("impactEventAlerts", true),
		Intrusion:         q.boolean("intrusion", true),
		Metadata:          q.boolean("metadata", true),
		ArchiveTimestamps: q.boolean("archiveTimestamps", true),
		EventExtraData:    q.boolean("eventExtraData", true),
		Extended:          q.boolean("extended", true),
		PacketEncoding:    q.choice("packetEncoding", "hex", "hex", "ascii", "utf-8"),
		OriginalPacket:    q.boolean("includeOriginalPacket", true),
	}
	if !c.Request.ArchiveTimestamps {
		r.warn(q.at("archiveTimestamps"), "without archive times there is no position to go on from: each start with the bookmark begins with the oldest event")
	}
	if _, ok := q.get("connection"); ok {
		r.warn(q.at("connection"), "this key has no effect; connection events are part of the extended request")
	}
	q.end()
	r.end()
}

func parseServer(r *reader) Server {
	s := Server{
		Host:   strings.TrimSpace(r.text("host", "")),
		Port:   r.integer("port", 8302, 1, 65535),
		PKCS12: r.text("pkcs12Filepath", "client.pkcs12"),
		TLS:    "1.2",
	}
	if v, ok := r.get("tlsVersion"); ok {
		version := ""
		switch v := v.(type) {
		case json.Number:
			version = v.String()
		case string:
			version = strings.TrimSpace(v)
		}
		n, err := strconv.ParseFloat(version, 64)
		switch {
		case err == nil && n == 1.2, version == "1.2":
		case err == nil && n == 1.3:
			s.TLS = "1.3"
		case err == nil && (n == 1.0 || n == 1.1):
			s.TLS = "1.0"
			r.warn(r.at("tlsVersion"), "TLS before 1.2 is not safe; it is used only if the server has nothing newer. Set 1.2")
		default:
			r.warn(r.at("tlsVersion"), "found %s, expected 1.2 or 1.3; 1.2 is used", short(v))
		}
	}
	r.end()
	return s
}

func parseHandler(c *Conf, r *reader) {
	q := r.child("records")
	// flows is the name of connections up to 3.0, and in the guide.
	flows := q.boolean("flows", true)
	c.Records = Records{
		Connections: q.boolean("connections", flows),
		RNA:         q.boolean("rna", true),
		RUA:         q.boolean("rua", true),
		Packets:     q.boolean("packets", true),
		Intrusion:   q.boolean("intrusion", true),
		Core:        q.boolean("core", true),
		Metadata:    q.boolean("metadata", true),
		Include:     q.types("include"),
		Exclude:     q.types("exclude"),
	}
	for _, t := range c.Records.Include {
		if slices.Contains(c.Records.Exclude, t) {
			r.warn(q.at("include"), "record type %d is excluded as well, and that counts", t)
		}
	}
	q.end()
	for i, v := range r.list("outputters") {
		object, ok := v.(map[string]any)
		o := newReader(fmt.Sprintf("%s[%d]", r.at("outputters"), i), object, r.warn)
		if !ok {
			r.warn(o.path, "found %s, expected an object {...}; it is left out", short(v))
			continue
		}
		out := parseOutput(o)
		out.Index = i
		c.Outputs = append(c.Outputs, out)
	}
	r.end()
}

func parseOutput(r *reader) Output {
	o := Output{
		Name:     r.text("name", ""),
		Adapter:  r.text("adapter", ""),
		Enabled:  r.boolean("enabled", true),
		Passthru: r.boolean("passthru", false),
	}
	stream := r.child("stream")
	o.URI = strings.TrimSpace(stream.text("uri", ""))
	most := DefaultMaxLogs
	if strings.HasPrefix(o.URI, "scp:") {
		most = defaultMaxSCP
	}
	options := stream.child("options")
	o.Rotate = options.boolean("rotate", true)
	o.MaxLogs = options.integer("maxLogs", most, 1, maxCount)
	o.SCPKey = options.text("scpKeyFilepath", "")
	if name, _, _ := strings.Cut(o.URI, "?"); o.Rotate && isFile(name) && !strings.Contains(name, "{0}") && !strings.HasSuffix(name, "/") {
		r.warn(stream.at("uri"), "the name has no {0}, so all lines go to one file; eNcore would overwrite it each time it rotates")
	}
	options.end()
	stream.end()
	r.end()
	return o
}

func isFile(uri string) bool {
	return strings.HasPrefix(uri, "file:") || strings.HasPrefix(uri, "relfile:")
}
