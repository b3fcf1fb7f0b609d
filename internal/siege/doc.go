// Package siege holds no code, only tests of `estream serve`, the real program, against
// what the network and its clients do to it. They need Linux, root, nftables,
// iproute2, util-linux and openssl.
//
//   - TestNAT: who is admitted where addresses are translated, or names resolve elsewhere.
//   - TestCrowd: good clients beside slow, malicious and revoked ones.
//   - TestIdle: what a session costs that has nothing to do.
//   - TestBackup: a backup under load, and the server that is made of it.
//   - TestKill: SIGKILL, again and again, between a growing file and clients that come back.
//
// What is measured is printed. `go test` runs a short version, in which bounds are wide
// where they depend on how busy the machine is; `make siege` runs the long one, which
// holds the product to its limits.
package siege
