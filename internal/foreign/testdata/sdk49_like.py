#!/usr/bin/env python3
"""A client of the 4.9 generation: request flags only, intrusion events of type 104 and 105.

Written from the protocol reference alone. It knows no extended requests and no bundles.
It takes the record header to be 16 bytes long when it asked for archive times and 8
otherwise, masks the topmost bit of the record type word, and reads the fixed fields of
the events. Anything else ends it with status 1 and the reason.

With --hosts FIRST,LAST it asks for the host profiles of a range at the end, in the form
of its time: data type 5, addresses of 4 bytes.

Prints one JSON object per record, in the order of arrival, and one about the session.
"""
import argparse
import ipaddress
import json
import socket
import ssl
import struct
import sys

PACKETS, IMPACT, METADATA_4, ARCHIVE_TIME = 1 << 0, 1 << 6, 1 << 20, 1 << 23

COMMON = ("device_id", "event_id", "event_second", "event_microsecond", "rule_id", "generator_id", "rule_revision", "classification_id", "priority_id")
REST = ("source_port", "destination_port", "protocol", "impact_flags", "impact", "blocked", "mpls_label", "vlan_id", "pad")
ADDRESS = {104: (4, ipaddress.IPv4Address), 105: (16, ipaddress.IPv6Address)}


class Unbearable(Exception):
    """What the server did that this client does not survive."""


class Client:
    def __init__(self, args):
        self.args = args
        self.flags = IMPACT | METADATA_4 | (ARCHIVE_TIME if args.archive_time else 0) | (PACKETS if args.packets else 0)
        self.events = self.records = self.nulls = self.profiles = self.silent = 0
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # the server is not verified
        context.load_cert_chain(args.cert, args.key)
        self.sock = context.wrap_socket(socket.create_connection((args.host, args.port), timeout=args.timeout))
        self.file = self.sock.makefile("rb")

    def read(self, n):
        data = self.file.read(n)
        if len(data) < n:
            raise Unbearable(f"connection closed, {n - len(data)} of {n} bytes missing")
        return data

    def send(self, kind, body=b""):
        self.sock.sendall(struct.pack(">HHL", 1, kind, len(body)) + body)

    def receive(self):
        """Returns the next message that is no keep-alive, and answers every message."""
        while True:
            version, kind, length = struct.unpack(">HHL", self.read(8))
            if version != 1:
                raise Unbearable(f"header version {version}")
            body = self.read(length)
            if kind == 1:
                code, size = struct.unpack_from(">lH", body)
                raise Unbearable(f"error message {code}: {body[6:6 + size]!r}")
            self.send(0)
            self.nulls += 1
            if kind != 0:
                self.silent = 0
                return kind, body
            self.silent += 1
            if self.silent == 3:
                raise Unbearable(f"{self.events} of {self.args.events} events, then only keep-alives")

    def run(self):
        self.send(2, struct.pack(">LL", self.args.start, self.flags))
        while self.events < self.args.events:
            kind, body = self.receive()
            if kind != 4:
                raise Unbearable(f"message type {kind}")
            self.record(body)
        if self.args.hosts:
            self.hosts(*self.args.hosts.split(","))
        self.send(1, struct.pack(">lH", -1, 4) + b"done")
        self.sock.close()
        emit({"events": self.events, "records": self.records, "nulls": self.nulls, "profiles": self.profiles})

    def record(self, data):
        word, length = struct.unpack_from(">LL", data)
        kind, size = word & 0x7FFFFFFF, 16 if self.args.archive_time else 8
        body = data[size:]
        if length != len(body):
            raise Unbearable(f"record {kind}: length {length}, but {len(body)} bytes follow a header of {size}")
        self.records += 1
        line = {"record": kind}
        if kind in ADDRESS:
            line.update(intrusion(kind, body))
            self.events += 1
        elif kind == 2:
            fields = struct.unpack_from(">7L", body)
            if fields[6] != len(body) - 28:
                raise Unbearable(f"packet of {fields[6]} bytes in a record of {len(body)}")
            line.update(zip(("device_id", "event_id", "event_second"), fields))
            line["packet"] = body[28:].hex()
            self.events += 1
        elif kind in (4, 66, 67):
            line.update(metadata(kind, body))
        emit(line)

    def hosts(self, first, last):
        self.send(5, struct.pack(">LL", 5, 3) + ipaddress.IPv4Address(first).packed + ipaddress.IPv4Address(last).packed)
        while True:
            kind, body = self.receive()
            if kind == 4:  # events go on meanwhile
                continue
            if kind != 7:
                raise Unbearable(f"message type {kind} in answer to a host request")
            if not body:
                return
            block, length = struct.unpack_from(">LL", body)
            if length != len(body):
                raise Unbearable(f"host profile: block {block} of {length} bytes in {len(body)}")
            self.profiles += 1
            emit({"host": block})


def intrusion(kind, body):
    size, address = ADDRESS[kind]
    form = struct.Struct(f">9L{size}s{size}sHHBBBBLHH")
    if len(body) != form.size:
        raise Unbearable(f"record {kind} of {len(body)} bytes, {form.size} expected")
    values = form.unpack(body)
    line = dict(zip(COMMON, values))
    line["source"], line["destination"] = str(address(values[9])), str(address(values[10]))
    line.update(zip(REST, values[11:]))
    return line


def metadata(kind, body):
    """Priorities, rule messages and classifications: what names an intrusion event."""
    if kind == 66:
        generator, rule, revision, rendered, length = struct.unpack_from(">LLLLH", body)
        line = {"generator_id": generator, "rule_id": rule, "rule_revision": revision, "rendered_id": rendered}
        text = body[-length:] if length else b""
    else:
        ident, length = struct.unpack_from(">LH", body)
        line, text = {"id": ident}, body[6:6 + length]
    if len(text) != length:
        raise Unbearable(f"record {kind}: text of {length} bytes in {len(body)}")
    line["name"] = text.decode()
    return line


def emit(line):
    print(json.dumps(line, separators=(",", ":")))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--cert", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--events", type=int, required=True, help="stop after so many intrusion events and packets")
    parser.add_argument("--archive-time", action="store_true", help="ask for 16-byte record headers")
    parser.add_argument("--packets", action="store_true")
    parser.add_argument("--hosts", metavar="FIRST,LAST")
    parser.add_argument("--timeout", type=float, default=60, help="seconds without a byte")
    try:
        Client(parser.parse_args()).run()
    except (Unbearable, OSError, struct.error, UnicodeDecodeError) as err:
        sys.stdout.flush()
        print(f"sdk49_like: {err}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
