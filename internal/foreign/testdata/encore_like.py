#!/usr/bin/env python3
"""A client that behaves like eNcore where that matters to a server.

Written from the protocol reference alone. It probes before it connects in earnest,
asks for the event types and versions that eNcore asks for, answers every message with
a null message, compares the whole record type word, reads the block type and the host
address at fixed offsets, and takes inner messages of a bundle only with a 32-bit type
of exactly 4. Anything it cannot stand ends it with status 1 and the reason.

Prints one JSON object per record, in the order of arrival, and one about the session.
"""
import argparse
import hashlib
import ipaddress
import json
import socket
import ssl
import struct
import sys

FLAGS = 0x48900061
PAIRS = [(11, 12), (4, 21), (9, 31), (11, 61), (17, 71), (7, 91), (8, 101), (7, 111), (2, 131)]  # version, event type

METADATA = {
    4, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 66, 67, 68, 69, 70, 90, 91, 96, 98, 109, 111, *range(115, 125), *range(127, 133),
    140, 145, 146, 147, 161, 260, 270, 280, 281, 282, 300, 301, 302, 320, 321, 322, 350, 510, 511, *range(515, 521), 530,
    600, 601, 602, *range(604, 609), 613, 614, 700,
}
EVENTS = {
    2, 9, *range(10, 18), *range(19, 30), 31, 34, 35, 42, 44, 45, 51, 52, 71, *range(74, 90), *range(92, 96), 101, 102, 103, 107,
    110, 112, 125, 160, 170, 171, 400, 500, 502,
}
# Where the block type stands in the message without its header, and which ones can be read.
BLOCK_AT = {71: 72, 125: 16, 400: 16, 500: 16, 502: 16}
BLOCKS = {
    71: {160, 163, 169, 170, 171, 173, 174},
    125: {16, 24, 33, 35, 44, 47, 62, 80},
    400: {25, 34, 41, 42, 45, 60, 81, 85},
    500: {23, 32, 38, 43, 46, 56, 79},
    502: {23, 32, 38, 43, 46, 56, 79},
}


class Unbearable(Exception):
    """What the server did that this client does not survive."""


class Client:
    def __init__(self, args):
        self.args = args
        self.events = self.nulls = self.bundles = self.singles = self.silent = 0
        self.sequence = 0

    def connect(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # the server is not verified
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self.args.cert, self.args.key)
        raw = socket.create_connection((self.args.host, self.args.port), timeout=self.args.timeout)
        return context.wrap_socket(raw)

    def read(self, n):
        parts = []
        while n > 0:
            part = self.sock.recv(min(n, 1 << 16))
            if not part:
                raise Unbearable(f"connection closed with {n} bytes missing")
            parts.append(part)
            n -= len(part)
        return b"".join(parts)

    def receive(self):
        version, kind, length = struct.unpack(">HHL", self.read(8))
        if version != 1:
            raise Unbearable(f"header version {version}")
        return kind, self.read(length)

    def send(self, kind, body=b""):
        self.sock.sendall(struct.pack(">HHL", 1, kind, len(body)) + body)

    def request(self, start):
        self.send(2, struct.pack(">LL", start, FLAGS))
        kind, body = self.receive()
        if kind != 2051:
            raise Unbearable(f"streaming information expected, message type {kind} found")
        services = []
        while body:
            service, length = struct.unpack_from(">LL", body)
            services.append(service)
            body = body[8 + length:]
        if 6667 not in services:
            raise Unbearable(f"service 6667 is not among {services}")
        return services

    def probe(self):
        """The first connection: ask for new events only, read one message, drop it."""
        self.sock = self.connect()
        self.request(0xFFFFFFFF)
        self.sock.close()

    def run(self):
        self.sock = self.connect()
        services = self.request(self.args.start)
        self.acknowledge()
        body = struct.pack(">LLLL", 6667, 16 + 4 * len(PAIRS) + 4, FLAGS, self.args.start)
        for version, code in PAIRS:
            body += struct.pack(">HH", version, code)
        self.send(2049, body + struct.pack(">HH", 0, 0))
        while self.events < self.args.events:
            kind, body = self.receive()
            if kind == 4:
                self.singles += 1
                self.record(body)
            elif kind == 4002:
                self.bundle(body)
            elif kind == 1:
                code, length = struct.unpack_from(">lH", body)
                raise Unbearable(f"error message {code}: {body[6:6 + length]!r}")
            self.silent = self.silent + 1 if kind == 0 else 0
            if self.silent == 3:
                raise Unbearable(f"{self.events} of {self.args.events} events, then only keep-alives")
            self.acknowledge()
        self.sock.close()
        emit({"services": services, "events": self.events, "nulls": self.nulls, "bundles": self.bundles, "singles": self.singles})

    def acknowledge(self):
        self.send(0)
        self.nulls += 1

    def bundle(self, body):
        self.bundles += 1
        _, sequence = struct.unpack_from(">LL", body)
        if sequence != self.sequence + 1:
            raise Unbearable(f"bundle {sequence} after {self.sequence}")
        self.sequence = sequence
        at = 8
        while at < len(body):
            kind, length = struct.unpack_from(">LL", body, at)
            if kind != 4:
                raise Unbearable(f"inner message type {kind:#x}, only 4 can be read")
            if at + 8 + length > len(body):
                raise Unbearable(f"inner message of {length} bytes at {at} of {len(body)}")
            self.record(body[at + 8:at + 8 + length])
            at += 8 + length

    def record(self, data):
        word, length, archived, _ = struct.unpack_from(">LLLL", data)
        if word not in METADATA and word not in EVENTS:
            raise Unbearable(f"record type {word:#x} is not known")
        if length != len(data) - 16:
            raise Unbearable(f"record {word}: length {length} in a message of {len(data)} bytes")
        line = {"record": word, "sha256": hashlib.sha256(data[16:]).hexdigest()}
        if word in BLOCK_AT:
            block, size = struct.unpack_from(">LL", data, BLOCK_AT[word])
            if block not in BLOCKS[word]:
                raise Unbearable(f"record {word}: block {block} at offset {BLOCK_AT[word]} cannot be read")
            if size != len(data) - BLOCK_AT[word]:
                raise Unbearable(f"record {word}: block of {size} bytes at offset {BLOCK_AT[word]} of {len(data)}")
            line["block"] = block
        if word == 71:
            line["host"] = str(ipaddress.IPv6Address(data[56:72]))
        if word in EVENTS:
            if archived < self.args.start:
                raise Unbearable(f"record {word} of {archived}, asked for events since {self.args.start}")
            self.events += 1
        emit(line)


def emit(line):
    print(json.dumps(line, separators=(",", ":")))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--cert", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--events", type=int, required=True, help="stop after so many records that are no metadata")
    parser.add_argument("--timeout", type=float, default=60, help="seconds without a byte")
    client = Client(parser.parse_args())
    try:
        client.probe()
        client.run()
    except (Unbearable, OSError, struct.error) as err:
        sys.stdout.flush()
        print(f"encore_like: {err}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
