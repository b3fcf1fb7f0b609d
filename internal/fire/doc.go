// Package fire holds no code, only the fault runs of the service: `estream run`
// with a Management Center of ours that never stops sending, while all around it
// fails. They need Linux, root, nftables and rsyslogd.
//
// TestFire kills the service and the server, cuts connections, lets them hang half
// open, stops rsyslogd, fills disks, sends garbage and moves the clock, at random
// moments from a seed that is printed. Every event carries a number. At the end
// each number has to be in the files exactly once, and at rsyslogd, by RELP, at
// least once.
//
// TestDeadOutput has one output whose destination is dead for a long time: the
// others must not notice, memory and disk must stay within bounds, and afterwards
// it has to catch up.
//
//	go test ./internal/fire                     # 3 minutes of faults, 20 s of a dead output
//	make fire                                   # 30 minutes and 10 minutes
//	go test ./internal/fire -v -fire.seed 7 -fire.for 5m -run TestFire
//
// What is read is deleted, so that memory and disk stay bounded however long a run
// is: rotated files are removed, and holes are punched into rsyslogd's file.
package fire
