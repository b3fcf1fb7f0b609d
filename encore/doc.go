// Package encore makes estream take the place of the eNcore client in a directory
// that eNcore used: the same configuration, the same files, log lines, commands
// and questions. Below the surface it is our collector, with a journal, so nothing
// is lost when it stops.
//
//	estreamer.conf ──► Client.Run ──► service.Service ──► Destinations
//	                        │
//	                        └─► bookmark, status, pid, log
//
// The parts:
//
//   - [Client] is the service: connection test, collector, monitor, orderly stop.
//   - [Launcher] has the verbs of encore.sh: start, stop, restart, ...
//   - [Configure] and [Setup] change estreamer.conf, [Preflight] looks at it.
//   - [Migrate] writes an estream.yaml that does the same.
//   - Package conf reads estreamer.conf, package compare holds outputs side by side.
//
// # Differences that are meant
//
// Faults of eNcore 5.2.11 are mended: a closed connection, an unknown record or a
// torn message does not end it; names outlive a restart; events of the bookmark's
// second do not come twice; keys are written with mode 0600; a process is known by
// its own number. workerProcesses sets the number of goroutines that decode and
// format, and the names in the log. batchSize, queueSize and subscribed have no
// effect. Excluding a type of metadata keeps it out of the output, not from naming.
// The cache file of eNcore is a Python pickle; it is left alone.
//
// What estream keeps for itself is in one directory beside eNcore's files,
// HOST-PORT_estream: journal, positions, the pinned certificate of the server.
package encore
