package compatlog

import (
	"context"
	"log/slog"
	"strconv"
	"strings"
)

// Handler returns what puts records of log/slog into the log: sources, journal,
// certificates, limits. They are lines of the listener, the message first, then the
// attributes as KEY=VALUE.
func (l *Log) Handler() slog.Handler { return &handler{log: l} }

type handler struct {
	log   *Log
	attrs string // of With, each with a space in front
	group string
}

// Enabled implements [slog.Handler].
func (h *handler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= h.log.opt.Level
}

// Handle implements [slog.Handler].
func (h *handler) Handle(_ context.Context, r slog.Record) error {
	text := new(strings.Builder)
	text.WriteString(r.Message)
	text.WriteString(h.attrs)
	r.Attrs(func(a slog.Attr) bool {
		h.attr(text, a)
		return true
	})
	// A warning about an error is none: only lines of level ERROR name the module by
	// which errors are looked for.
	module := "service"
	if r.Level >= slog.LevelError {
		module = sfestreamer
	}
	e := &Entry{At: r.Time, Process: uint64(h.log.opt.PID), Program: listener, Module: module, Level: r.Level, Text: text.String()}
	h.log.mu.Lock()
	defer h.log.mu.Unlock()
	h.log.put(r.PC, e)
	return nil
}

func (h *handler) attr(w *strings.Builder, a slog.Attr) {
	v := a.Value.Resolve()
	if a.Equal(slog.Attr{}) {
		return
	}
	if v.Kind() == slog.KindGroup {
		inner := handler{group: h.group}
		if a.Key != "" {
			inner.group += a.Key + "."
		}
		for _, member := range v.Group() {
			inner.attr(w, member)
		}
		return
	}
	text := v.String()
	if text == "" || strings.ContainsAny(text, " \"=\n\r\t") {
		text = strconv.Quote(text)
	}
	w.WriteString(" " + h.group + a.Key + "=" + text)
}

// WithAttrs implements [slog.Handler].
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	text := new(strings.Builder)
	text.WriteString(h.attrs)
	for _, a := range attrs {
		h.attr(text, a)
	}
	return &handler{log: h.log, attrs: text.String(), group: h.group}
}

// WithGroup implements [slog.Handler].
func (h *handler) WithGroup(name string) slog.Handler {
	n := *h
	if name != "" {
		n.group += name + "."
	}
	return &n
}
