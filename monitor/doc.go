// Package monitor watches a running collector and says how it is: what came
// from whom, what is wrong and what to do about it, as metrics, by HTTP and as a
// page for people.
//
//	journal ──► Watch ─────────┐
//	service.Status ────────────┼─► Monitor ──► Report ──► log, /metrics, /readyz, estream status
//	certificates, disk, kernel ┘
//
// A [Watch] counts events by source, category and managed device while it reads
// the journal. A [Monitor] looks at everything every two seconds, raises and
// clears alarms, and keeps what it found as a [Report], which is what all
// others show. [NewMetrics], [Handler] and [WriteText] are three ways to show it.
//
// Nothing here holds the collector back: the Watch has no cursor, and skips
// what retention deletes before it was read. All that a server can make the
// package remember is bounded.
package monitor
