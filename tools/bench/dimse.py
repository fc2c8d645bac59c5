"""A service class user that takes little time itself: C-FIND and C-GET over a socket, without reading what the answers say.

It keeps one association open for many requests, as a workstation does, and takes the time of the first response. Pynetdicom takes
longer for a C-FIND than the servers that are measured do; dcmtk's tools connect anew for each.
"""

import contextlib
import socket
import struct
import time

APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1"
STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
STUDY_ROOT_GET = "1.2.840.10008.5.1.4.1.2.2.3"
CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"

STORE, GET, FIND, RESPONSE = 0x0001, 0x0010, 0x0020, 0x8000
PENDING = (0xFF00, 0xFF01)
NO_DATA_SET = 0x0101
# Of command elements: field, message id, the one responded to, data set type, status.
FIELD, MESSAGE_ID, RESPONDED_TO, DATA_SET_TYPE, STATUS = 0x0100, 0x0110, 0x0120, 0x0800, 0x0900
AFFECTED_CLASS, AFFECTED_INSTANCE, PRIORITY = 0x0002, 0x1000, 0x0700


def element(tag, vr, value):
    """An element of a data set in explicit VR little endian; its value is text, or bytes as they are."""
    if isinstance(value, str):
        value = value.encode()
    value += (b"\0" if vr == "UI" else b" ") * (len(value) % 2)
    return struct.pack("<HH2sH", tag >> 16, tag & 0xFFFF, vr.encode(), len(value)) + value


def item(kind, value):
    return struct.pack(">BxH", kind, len(value)) + value


def text(uid):
    value = uid.encode()
    return value + b"\0" * (len(value) % 2)


def command(elements):
    """A command set: numbers are US, bytes as they are."""
    body = b""
    for number, value in sorted(elements.items()):
        value = struct.pack("<H", value) if isinstance(value, int) else value
        body += struct.pack("<HHI", 0, number, len(value)) + value
    return struct.pack("<HHII", 0, 0, 4, len(body)) + body


def parsed(bytes):
    """The elements of a command set by number; those of two bytes are numbers."""
    elements = {}
    place = 0
    while place < len(bytes):
        number, length = struct.unpack_from("<2xHI", bytes, place)
        value = bytes[place + 8:place + 8 + length]
        elements[number] = value[0] | value[1] << 8 if length == 2 else value
        place += 8 + length
    return elements


class Association:
    """An open association for C-FIND, or for C-GET of CT images."""

    def __init__(self, port, abstract_syntax, longest=131072, called="DICOMFS"):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = bytearray(4 << 20)
        self.view = memoryview(self.buffer)
        self.start = self.end = 0
        self.message_id = 0
        self.abstract_syntax = abstract_syntax
        contexts = [(1, abstract_syntax)]
        user = item(0x51, struct.pack(">I", longest)) + item(0x52, b"1.2.826.0.1.3680043.10.1462.7")
        if abstract_syntax == STUDY_ROOT_GET:
            contexts.append((3, CT_IMAGE_STORAGE))
            # We provide the storage of what comes.
            user += item(0x54, struct.pack(">H", len(CT_IMAGE_STORAGE)) + CT_IMAGE_STORAGE.encode() + b"\0\1")
        body = struct.pack(">H2x16s16s32x", 1, called.ljust(16).encode(), b"BENCH".ljust(16))
        body += item(0x10, APPLICATION_CONTEXT.encode())
        for identifier, abstract in contexts:
            syntaxes = item(0x30, abstract.encode()) + item(0x40, EXPLICIT_LITTLE_ENDIAN.encode())
            body += item(0x20, struct.pack("B3x", identifier) + syntaxes)
        body += item(0x50, user)
        self.socket.sendall(struct.pack(">BxI", 1, len(body)) + body)
        kind, start, end = self.pdu()
        if kind != 2:
            raise SystemExit(f"the association was not accepted: PDU of type {kind}")
        self.check_accepted(self.buffer[start + 68:end])

    @staticmethod
    def check_accepted(items):
        place = 0
        while place < len(items):
            kind, length = struct.unpack_from(">BxH", items, place)
            if kind == 0x21 and items[place + 6] != 0:
                raise SystemExit(f"presentation context {items[place + 4]} was refused: {items[place + 6]}")
            place += 4 + length

    def fill(self, count):
        """Receives until the buffer has so many bytes of what was not taken yet."""
        if len(self.buffer) - self.start < max(count, 1 << 20):
            left = self.end - self.start
            self.buffer[:left] = self.buffer[self.start:self.end]
            self.start, self.end = 0, left
        while self.end - self.start < count:
            more = self.socket.recv_into(self.view[self.end:])
            if not more:
                raise SystemExit("the peer closed the connection")
            self.end += more

    def pdu(self):
        """The next PDU: its type, and where its body is in the buffer until the next call."""
        self.fill(6)
        kind, length = struct.unpack_from(">BxI", self.buffer, self.start)
        self.fill(6 + length)
        begin = self.start + 6
        self.start += 6 + length
        if self.start == self.end:
            self.start = self.end = 0
        return kind, begin, begin + length

    def message(self):
        """The next message: its context, its command's elements, and the bytes of its data set."""
        received = b""
        elements = None
        size = 0
        while True:
            kind, place, end = self.pdu()
            if kind != 4:
                raise SystemExit(f"the peer ended the association: PDU of type {kind}")
            while place < end:
                length, context, control = struct.unpack_from(">IBB", self.buffer, place)
                if control & 1:
                    received += self.buffer[place + 6:place + 4 + length]
                    if control & 2:
                        elements = parsed(received)
                        if elements[DATA_SET_TYPE] == NO_DATA_SET:
                            return context, elements, 0
                else:
                    size += length - 2
                    if control & 2:
                        return context, elements, size
                place += 4 + length

    @staticmethod
    def data(context, control, value):
        return struct.pack(">BxIIBB", 4, len(value) + 6, len(value) + 2, context, control) + value

    def request(self, field, identifier):
        self.message_id = self.message_id % 65535 + 1
        request = command({
            AFFECTED_CLASS: text(self.abstract_syntax), FIELD: field, MESSAGE_ID: self.message_id, PRIORITY: 0,
            DATA_SET_TYPE: 1})
        self.socket.sendall(self.data(1, 3, request) + self.data(1, 2, identifier))

    def find(self, identifier):
        """C-FIND: the number of matches, and the seconds until the first response and until the last."""
        begin = time.perf_counter()
        self.request(FIND, identifier)
        first = None
        matches = 0
        while True:
            _, answer, _ = self.message()
            if first is None:
                first = time.perf_counter() - begin
            if answer[STATUS] not in PENDING:
                if answer[STATUS] != 0:
                    raise SystemExit(f"C-FIND: status {answer[STATUS]:04X}")
                return matches, first, time.perf_counter() - begin
            matches += 1

    def get(self, identifier):
        """C-GET: the number of instances that came, the bytes of their data sets, and the seconds it took."""
        begin = time.perf_counter()
        self.request(GET, identifier)
        instances = bytes = 0
        while True:
            context, message, size = self.message()
            if message[FIELD] == STORE:
                instances += 1
                bytes += size
                answer = command({
                    AFFECTED_CLASS: message[AFFECTED_CLASS], FIELD: STORE | RESPONSE, RESPONDED_TO: message[MESSAGE_ID],
                    DATA_SET_TYPE: NO_DATA_SET, STATUS: 0, AFFECTED_INSTANCE: message[AFFECTED_INSTANCE]})
                self.socket.sendall(self.data(context, 3, answer))
            elif message[STATUS] not in PENDING:
                if message[STATUS] != 0:
                    raise SystemExit(f"C-GET: status {message[STATUS]:04X}")
                return instances, bytes, time.perf_counter() - begin

    def close(self):
        """Releases the association."""
        with contextlib.closing(self.socket):
            self.socket.sendall(struct.pack(">BxI4x", 5, 4))
            # Who asked for the release closes the connection: not all peers do.
            self.pdu()
