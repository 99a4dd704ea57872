"""WebSocket frames by hand, so that wrong ones can be sent too, and a connection that writes down all it receives."""
import asyncio
import base64
import hashlib
import json
import re
import socket
import struct
import time

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
KEY = base64.b64encode(b"0123456789abcdef").decode()
MASK = b"\x11\x22\x33\x44"


def make_frame(payload, opcode=1, fin=True, masked=True, rsv=0, length=None):
    """The bytes of one frame. `length` is what the header claims, when that is to be a lie."""
    if isinstance(payload, str):
        payload = payload.encode()
    size = len(payload) if length is None else length
    mask_bit = 0x80 if masked else 0
    head = bytes([(0x80 if fin else 0) | (rsv << 4) | opcode])
    if size < 126:
        head += bytes([mask_bit | size])
    elif size < 65536:
        head += bytes([mask_bit | 126]) + struct.pack(">H", size)
    else:
        head += bytes([mask_bit | 127]) + struct.pack(">Q", size)
    if not masked:
        return head + payload
    repeated = (MASK * (len(payload) // 4 + 1))[: len(payload)]
    number = int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")
    return head + MASK + number.to_bytes(len(payload), "big")


def frame_of(description):
    """A frame from a scenario: a text, or an object with the fields of make_frame, `hex` and `repeat`."""
    if isinstance(description, str):
        return make_frame(description)
    fields = dict(description)
    payload = fields.pop("payload", "")
    if "hex" in fields:
        payload = bytes.fromhex(fields.pop("hex"))
    if "repeat" in fields:
        payload = payload * fields.pop("repeat")
    return make_frame(payload, **fields)


class Connection:
    """One client. `frames` holds [code, value] pairs; wire events have codes that begin with "~"."""

    def __init__(self, label, record=True):
        self.label, self.record = label, record
        self.frames, self.buffer = [], b""
        self.ended = False
        self.heard_something = False
        self.last_heard = 0.0
        self.response_head = None

    async def open(self, host, port):
        self.head_arrived = asyncio.Event()
        self.reader, self.writer = await asyncio.open_connection(host, port)
        self.writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.task = asyncio.ensure_future(self._read())

    async def handshake(self, host, port, request=None, headers=None):
        """Opens, asks for a WebSocket, and says how that was answered: "none", or status, accept and upgrade."""
        await self.open(host, port)
        if request is None:
            fields = {
                "Host": "%s:%d" % (host, port),
                "Upgrade": "websocket",
                "Connection": "Upgrade",
                "Sec-WebSocket-Key": KEY,
                "Sec-WebSocket-Version": "13",
                **(headers or {}),
            }
            request = "GET / HTTP/1.1\r\n%s\r\n" % "".join("%s: %s\r\n" % field for field in fields.items())
        self.write(request.encode("latin-1"))
        start = time.monotonic()
        while not self.head_arrived.is_set() and not self.ended and time.monotonic() - start < 1.0:
            await asyncio.sleep(0.005)
        if self.response_head is None:
            return "none"

        def field(name, text):
            found = re.search(r"(?im)^%s:[ \t]*(.*?)\s*$" % name, text)
            return found.group(1) if found else None

        key = field("sec-websocket-key", request)
        good = base64.b64encode(hashlib.sha1(((KEY if key is None else key) + GUID).encode()).digest()).decode()
        return {
            "status": self.response_head.split("\r\n")[0].split(" ")[1],
            "accept_ok": field("sec-websocket-accept", self.response_head) == good,
            "upgrade": (field("upgrade", self.response_head) or "").lower(),
        }

    def write(self, data):
        if not self.writer.is_closing():
            self.writer.write(data)

    def close(self):
        if hasattr(self, "task"):
            self.task.cancel()
            self.writer.close()

    async def _read(self):
        try:
            while data := await self.reader.read(65536):
                self.buffer += data
                self._parse()
        except OSError:
            pass
        except asyncio.CancelledError:
            return
        self.ended = True
        self._add(["~EOF", {}])

    def _add(self, frame):
        self.heard_something = True
        self.last_heard = time.monotonic()
        if self.record:
            self.frames.append(frame)

    def _parse(self):
        if self.response_head is None:
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            self.response_head = self.buffer[:end].decode("latin-1")
            self.buffer = self.buffer[end + 4 :]
            self.last_heard = time.monotonic()
            self.head_arrived.set()
        if not self.response_head.startswith("HTTP/1.1 101 "):
            # A page or an explanation, not frames.
            self.buffer = b""
        while len(self.buffer) >= 2:
            first, second = self.buffer[0], self.buffer[1]
            size, start = second & 127, 2
            if size == 126:
                start = 4
            elif size == 127:
                start = 10
            if len(self.buffer) < start:
                return
            if size >= 126:
                size = int.from_bytes(self.buffer[2:start], "big")
            if second & 128:
                self._add(["~MASKED", {}])
                start += 4
            if len(self.buffer) < start + size:
                return
            payload, self.buffer = self.buffer[start : start + size], self.buffer[start + size :]
            self._take(first, payload)

    def _take(self, first, payload):
        opcode = first & 15
        if first & 0x70:
            self._add(["~RSV", first & 0x70])
        if opcode == 1:
            if not first & 128:
                self._add(["~FRAGMENT", {}])
            self._take_text(payload)
        elif opcode == 8:
            self._add(["~CLOSE", {"code": int.from_bytes(payload[:2], "big") if len(payload) >= 2 else None}])
        elif opcode == 10:
            self._add(["~PONG", payload.hex()])
        elif opcode != 9:
            self._add(["~OPCODE%d" % opcode, payload.hex()])

    def _take_text(self, payload):
        try:
            text = payload.decode()
        except UnicodeDecodeError:
            self._add(["~BADUTF8", payload.hex()])
            return
        if text == "PIN":
            return
        code, body = text[:3], text[4:]
        if len(text) == 3:
            self._add([code, None])
            return
        try:
            value = json.loads(body)
        except ValueError:
            value = {"~raw": body}
        self._add([code, value])
