"""A site that checks log-ins, for the scenarios. What it answers depends on nothing but the form that it gets.

Prefixes of the character's name: Admin, Super, Staff, Hell, Banned, Timedout, Odd (a gender that does not exist), Bare
(no select, kinks, info, custom, friends and ignores), Ignorer (ignores Bob), Sub (bits.subscribed), Zeroacc (account_id
0), Zerochar (character_id 0), Utf (more than ASCII in the profile). Tickets: bad (an error), http500, garbage (no JSON),
noacct (no account object), slow (after two seconds); every other one is good.
"""
import asyncio
import json
import zlib
from urllib.parse import parse_qs

import normalise

GENDERS = ["Male", "Female", "Transgender", "Herm", "Male-Herm", "None"]
ORIENTATIONS = ["Straight", "Gay", "Bisexual", "Asexual", "Unsure"]
LANGUAGES = ["English", "German", "French", "Spanish"]
FURRY = ["No furry characters, just humans", "Furs and / or humans", "No humans, just furry characters"]
ROLES = ["Always dominant", "Switch", "Always submissive", "None"]
POSITIONS = ["Always Top", "Switch", "Always Bottom", "None"]
BITS = {"Super": "supercop", "Staff": "helpdesk", "Hell": "hellban", "Sub": "subscribed"}


def reply(form):
    """The answer to a form, as an object."""
    name, ticket = form.get("char", ""), form.get("ticket", "")
    if ticket == "bad" or not name:
        return {"error": "Invalid ticket."}
    begins = name.startswith
    seed = zlib.crc32(("k:" + name.lower()).encode())
    answer = {"error": ""}
    if ticket != "noacct":
        answer["account"] = {
            "account_id": 0 if begins("Zeroacc") else normalise.account_id(form.get("account", "")),
            "banned": 1 if begins("Banned") else 0,
            "timeout": 4102444800 if begins("Timedout") else 0,
            "admin": "1" if begins("Admin") else "0",
        }
    number = zlib.crc32(("c:" + name.lower()).encode()) % 9000000 + 1
    answer["char"] = {"name": name, "character_id": 0 if begins("Zerochar") else number}
    answer["permissions"] = seed % 1024
    answer["bits"] = {bit: 1 for prefix, bit in BITS.items() if begins(prefix)}
    if begins("Bare"):
        return answer
    answer["select"] = {
        "Gender": "Alien" if begins("Odd") else GENDERS[seed % len(GENDERS)],
        "Orientation": ORIENTATIONS[(seed >> 3) % len(ORIENTATIONS)],
        "Language preference": LANGUAGES[(seed >> 6) % len(LANGUAGES)],
        "Furry preference": FURRY[(seed >> 9) % len(FURRY)],
        "Dom/Sub Role": ROLES[(seed >> 12) % len(ROLES)],
        "Position": POSITIONS[(seed >> 15) % len(POSITIONS)],
    }
    answer["kinks"] = sorted({kink for kink in range(1, 40) if (seed >> (kink % 31)) & 1} | {500})
    answer["info"] = {"Age": str(18 + seed % 60), "Species": "Human" if seed % 2 else "Otter <&>"}
    answer["custom"] = {"Tea": "Likes tea <with> milk & sugar", "Numbers %d" % (seed % 7): "Custom \u00fcnicode"}
    if begins("Utf"):
        answer["info"]["Height"] = "\u2603 \U0001f600 tall"
    answer["friends"] = ["Bob", "Carol"] if seed % 2 else []
    answer["ignores"] = ["bob", "mallory"] if begins("Ignorer") else []
    return answer


class Http(asyncio.Protocol):
    """Just enough HTTP for POST with Content-Length, on connections that stay open."""

    def connection_made(self, transport):
        self.transport, self.buffer = transport, b""

    def data_received(self, data):
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            fields = {}
            for line in self.buffer[:end].split(b"\r\n")[1:]:
                key, _, value = line.partition(b":")
                fields[key.strip().lower()] = value.strip()
            body_end = end + 4 + int(fields.get(b"content-length", 0))
            if b"expect" in fields and len(self.buffer) == end + 4:
                self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            if len(self.buffer) < body_end:
                return
            body, self.buffer = self.buffer[end + 4 : body_end], self.buffer[body_end:]
            self.answer(parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True))

    def answer(self, lists):
        form = {key: values[0] for key, values in lists.items()}
        ticket = form.get("ticket")
        if ticket == "http500":
            self.send(500, b"{}")
        elif ticket == "garbage":
            self.send(200, b"<html>not json</html>")
        else:
            body = json.dumps(reply(form)).encode()
            asyncio.get_running_loop().call_later(2.0 if ticket == "slow" else 0, self.send, 200, body)

    def send(self, status, body):
        if not self.transport.is_closing():
            head = "HTTP/1.1 %d -\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (status, len(body))
            self.transport.write(head.encode() + body)
