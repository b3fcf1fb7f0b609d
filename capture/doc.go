// Package capture reads network captures of eStreamer sessions, as tcpdump,
// dumpcap and Wireshark write them: [Read] hands out the messages of all sessions
// in both directions.
//
// # What is read
//
//   - Files: classic pcap of either byte order with micro- or nanoseconds, and
//     pcapng with any number of sections and interfaces; both also through gzip. A
//     file that was cut, as by a full disk, is read as far as it goes.
//   - Link types: Ethernet with VLAN tags, Linux cooked (both versions), raw IP, null
//     and loopback. Fragments of IP packets are counted and not put together.
//   - TCP: segments out of order, repeated and overlapping (the first bytes count),
//     missing, or cut by the snap length of the capture.
//   - TLS 1.2 and 1.3, with the secrets of an NSS key log: [Options].Keys, or a
//     pcapng's Decryption Secrets Blocks. TCP without TLS is read as well.
//
// A session is a TCP connection whose server has one of [Options].Ports. With the
// default ports, connections with other ports are taken, too, if what the
// client says, after decryption, is eStreamer.
//
// # Order and time
//
// Messages come in the order in which a receiver that sat where the capture was made would have
// had them: when its last byte was there and everything before it. That
// moment is [Message].Time. A message that waited for a repeated segment thus has the
// time of that segment, and the times follow those of the file's packets.
//
// # What is missing
//
// Bytes that the capture lacks are a gap, which a [Message] with an error tells.
// Behind a gap reading goes on with the next TLS record that one of the following
// sequence numbers opens, and in it with the next message that begins at the start of a TLS
// record (of a TCP segment without TLS). What lies between is counted in
// [Stats].
//
// # Limits
//
// A capture is a stranger's: at most 256 MiB are held for all connections
// together, at most 4 MiB of each direction wait for a missing segment, a message is
// at most [session.DefaultMaxMessage] bytes, and 20,000 connections are known at
// a time.
package capture
