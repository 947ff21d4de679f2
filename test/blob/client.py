#!/usr/bin/env python3
"""A host that updates firmware over the blob protocol, written from its description alone, with the standard library alone.

    client.py SOCKET IMAGE [PATH]

SOCKET is where a BMC listens with QEMU's VM protocol. Prints a line for each step; exit code 1 when the BMC says no.
"""
import hashlib
import socket
import struct
import sys
import time

BLOCK = 200
IANA = bytes([0xCF, 0xC2, 0x00])
COUNT, ENUMERATE, OPEN, READ, WRITE, COMMIT, CLOSE, DELETE, STAT, SESSION_STAT = range(10)


class Refused(Exception):
    pass


class Host:
    """IPMI messages over a stream: escaped bytes, a checksum, A0h at the end of a message."""

    def __init__(self, path):
        self.wire = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.wire.settimeout(10)
        self.wire.connect(path)
        self.buffer = b""
        self.sequence = 0
        self.wire.sendall(bytes([0xFF, 0x01, 0xA1, 0x08, 0x3F, 0xA1]))

    def request(self, netfn, command, data):
        self.sequence = (self.sequence + 1) % 256
        message = bytes([self.sequence, netfn << 2, command]) + data
        message += bytes([-sum(message) & 0xFF])
        escaped = b"".join(bytes([0xAA, b | 0x10]) if b in (0xA0, 0xA1, 0xAA) else bytes([b]) for b in message)
        self.wire.sendall(escaped + b"\xa0")
        while True:
            answer = self.frame()
            if answer[0] == self.sequence and answer[1] >> 2 == netfn | 1 and answer[2] == command:
                return answer[3], answer[4:-1]

    def frame(self):
        """The next message; hardware operations (A1h) are passed over."""
        while True:
            ends = [i for i in (self.buffer.find(b"\xa0"), self.buffer.find(b"\xa1")) if i >= 0]
            if not ends:
                got = self.wire.recv(4096)
                if not got:
                    raise ConnectionError("the BMC has hung up")
                self.buffer += got
                continue
            raw, kind = self.buffer[: min(ends)], self.buffer[min(ends)]
            self.buffer = self.buffer[min(ends) + 1 :]
            if kind == 0xA1:
                continue
            plain, escape = bytearray(), False
            for b in raw:
                if b == 0xAA and not escape:
                    escape = True
                else:
                    plain.append(b & ~0x10 if escape else b)
                    escape = False
            if sum(plain) % 256 == 0:
                return bytes(plain)


def crc16(data):
    """Register FFFFh, polynomial 1021h, the message followed by sixteen zero bits: bit by bit, as the text has it."""
    register = 0xFFFF
    for bit in [(byte >> i) & 1 for byte in data for i in range(7, -1, -1)] + [0] * 16:
        carry = register & 0x8000
        register = (register << 1 | bit) & 0xFFFF
        if carry:
            register ^= 0x1021
    return register


class Blobs:
    def __init__(self, host):
        self.host = host

    def send(self, sub, body=b""):
        data = IANA + bytes([sub])
        if body:
            data += struct.pack("<H", crc16(body)) + body
        code, answer = self.host.request(0x2E, 0x80, data)
        if code != 0:
            raise Refused(f"sub-command {sub}: completion code {code:02X}h")
        if answer[:3] != IANA:
            raise Refused(f"sub-command {sub}: another maker's answer")
        if len(answer) == 3:
            return b""
        (crc,) = struct.unpack_from("<H", answer, 3)
        if crc != crc16(answer[5:]):
            raise Refused(f"sub-command {sub}: CRC {crc:04X}h")
        return answer[5:]

    def names(self):
        (count,) = struct.unpack("<I", self.send(COUNT))
        return [self.send(ENUMERATE, struct.pack("<I", i)).rstrip(b"\0").decode() for i in range(count)]

    def open(self, name, flags):
        return struct.unpack("<H", self.send(OPEN, struct.pack("<H", flags) + name.encode() + b"\0"))[0]

    def close(self, session):
        self.send(CLOSE, struct.pack("<H", session))

    def commit(self, session):
        self.send(COMMIT, struct.pack("<HB", session, 0))

    def write(self, session, offset, data):
        self.send(WRITE, struct.pack("<HI", session, offset) + data)

    def read(self, session, offset, size):
        return self.send(READ, struct.pack("<HII", session, offset, size))

    def stat(self, session):
        body = self.send(SESSION_STAT, struct.pack("<H", session))
        state, size, length = struct.unpack_from("<HIB", body)
        return state, size, body[7 : 7 + length]


def put(blobs, name, data):
    session = blobs.open(name, 0x0102)
    for offset in range(0, len(data), BLOCK):
        blobs.write(session, offset, data[offset : offset + BLOCK])
    state, size, _ = blobs.stat(session)
    if size != len(data) or not state & 0x02:
        raise Refused(f"{name}: {size} bytes, state {state:04X}h")
    blobs.close(session)


def act(blobs, name):
    session = blobs.open(name, 0x02)
    blobs.commit(session)
    for _ in range(600):
        state, _, meta = blobs.stat(session)
        if meta != b"\0":
            break
        time.sleep(0.05)
    blobs.close(session)
    if meta != b"\x01" or not state & 0x08:
        raise Refused(f"{name}: status {meta.hex()}, state {state:04X}h")


def main(path, image, name="/flash/image"):
    with open(image, "rb") as file:
        data = file.read()
    blobs = Blobs(Host(path))
    print("blobs:", " ".join(blobs.names()))
    put(blobs, name, data)
    print("sent:", len(data), "bytes; now", " ".join(n for n in blobs.names() if "active" in n))
    put(blobs, "/flash/hash", hashlib.sha256(data).digest())
    act(blobs, "/flash/verify")
    print("verified")
    act(blobs, "/flash/update")
    session = blobs.open("/version/" + name[len("/flash/") :], 0x01)
    print("version:", blobs.read(session, 0, 64).decode())
    blobs.close(session)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Refused as refused:
        print("refused:", refused)
        sys.exit(1)
