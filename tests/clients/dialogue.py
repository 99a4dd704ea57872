"""The protocol as a Python client meets it: log in, talk, be refused, leave.

Needs FCHATD_URL, the address of a running server with embedded accounts and open registration. Ends with status 1 and
one message at the first answer that is not what the specification says.
"""

import asyncio
import json
import secrets

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from server import MESSAGE_PAUSE, PATIENCE, RUN, Difference, chat, request, run, same

VARIABLES = ["chat_max", "priv_max", "lfrp_max", "cds_max", "lfrp_flood", "msg_flood", "sta_flood", "permissions",
             "icon_blacklist"]
LIST_CHUNK = 100


def check(what, holds, found):
    if not holds:
        raise Difference(f"{what}: got {found!r}")


def make_character(word, gender):
    """A fresh account with one character; returns what IDN needs."""
    account, name, password = f"{word}{RUN}".lower(), f"{word} {RUN}", secrets.token_urlsafe(12)
    same("error of register", request("/api/register", account=account, password=password)["error"], "")
    refused = request("/json/getApiTicket.php", account=account, password="not the password")
    check("error of a wrong password", refused["error"] != "" and "ticket" not in refused, refused)
    granted = request("/json/getApiTicket.php", account=account, password=password)
    same("error of getApiTicket", granted["error"], "")
    same("characters of a new account", granted["characters"], [])
    made = request("/api/character-create", account=account, ticket=granted["ticket"], name=name, gender=gender)
    same("answer of character-create", (made["error"], made["name"]), ("", name))
    granted = request("/json/getApiTicket.php", account=account, password=password)
    same("characters", granted["characters"], [name])
    return {"method": "ticket", "account": account, "ticket": granted["ticket"], "character": name,
            "cname": "dialogue.py", "cversion": "1"}


class Client:
    """One connection. Frames about strangers are passed over, so that others may use the same server."""

    def __init__(self, socket, ours):
        self.socket = socket
        self.ours = ours

    async def send(self, command, body=None):
        await self.socket.send(command if body is None else f"{command} {json.dumps(body)}")

    async def frame(self):
        async with asyncio.timeout(PATIENCE):
            data = await self.socket.recv()
        check("frame", isinstance(data, str) and len(data) >= 3 and (len(data) == 3 or data[3] == " "), data)
        body = json.loads(data[4:]) if len(data) > 4 else {}
        check("payload", isinstance(body, dict), data)
        return data[:3], body

    def about_strangers(self, command, body):
        name = body.get("identity") or body.get("character")
        if isinstance(name, dict):
            name = name.get("identity")
        return command in ("NLN", "FLN", "STA", "JCH", "LCH", "MSG", "LRP") and name not in self.ours

    async def next(self):
        while True:
            command, body = await self.frame()
            if command == "PIN":
                await self.send("PIN")
            elif not self.about_strangers(command, body):
                return command, body

    async def expect(self, command, **fields):
        """The next frame has this command, and at least these fields."""
        found, body = await self.next()
        same(f"command (with {body})", found, command)
        for key, value in fields.items():
            same(f"{command}.{key}", body.get(key), value)
        return body

    async def refused(self, number):
        body = await self.expect("ERR", number=number)
        check("ERR.message", isinstance(body["message"], str) and body["message"] != "", body)

    async def quiet(self):
        """Nothing is on its way: the answer to a new question is the next frame."""
        await self.send("UPT")
        await self.expect("UPT")


async def log_in(socket, identification, ours):
    client = Client(socket, ours)
    name = identification["character"]
    await client.send("XQX")
    await client.refused(8)
    await client.send("IDN", identification)
    same("IDN", await client.frame(), ("IDN", {"character": name}))
    for variable in VARIABLES:
        command, body = await client.frame()
        same("order of VAR", (command, body.get("variable")), ("VAR", variable))
        check(f"VAR {variable}", isinstance(body["value"], list if variable == "icon_blacklist" else (int, float)), body)
    command, body = await client.frame()
    same("after VAR", (command, list(body)), ("HLO", ["message"]))
    command, body = await client.frame()
    same("after HLO", (command, type(body.get("count"))), ("CON", int))
    command, body = await client.frame()
    if command == "FRL":
        command, body = await client.frame()
    if command == "IGN":
        same("IGN.action", body["action"], "init")
        command, body = await client.frame()
    same("before LIS", (command, type(body.get("ops"))), ("ADL", list))
    await user_list(client, identification)
    return client


async def user_list(client, identification):
    name = identification["character"]
    rows, last_length = [], LIST_CHUNK
    while True:
        command, body = await client.frame()
        if command != "LIS":
            break
        same("length of a LIS before the last", last_length, LIST_CHUNK)
        last_length = len(body["characters"])
        rows += body["characters"]
    check("rows of LIS", all(len(row) == 4 and all(isinstance(each, str) for each in row) for row in rows), rows[:3])
    check("LIS has the character itself once", [row[0] for row in rows].count(name) == 1, [row[0] for row in rows])
    same("after LIS", (command, body.get("identity"), body.get("status")), ("NLN", name, "online"))
    check("NLN.gender", isinstance(body["gender"], str), body)


async def join(client, name):
    """A channel is found whatever its case, and answers in its own."""
    await client.send("JCH", {"channel": "dEVELOPMENT"})
    joined = await client.expect("JCH", channel="Development", character={"identity": name})
    same("keys of JCH", sorted(joined), ["channel", "character", "title"])
    await client.expect("COL", channel="Development")
    body = await client.expect("ICH", channel="Development")
    check("ICH.users", {"identity": name} in body["users"], body["users"])
    check("ICH.mode", body["mode"] in ("chat", "ads", "both"), body)
    body = await client.expect("CDS", channel="Development")
    check("CDS.description", isinstance(body["description"], str), body)


async def dialogue(ada, bob, names):
    one, two = names
    await ada.expect("NLN", identity=two, status="online")

    await join(ada, one)
    await join(bob, two)
    await ada.expect("JCH", channel="Development", character={"identity": two})
    await ada.send("JCH", {"channel": "Development"})
    await ada.refused(28)
    await ada.send("JCH", {"channel": f"Nowhere {RUN}"})
    await ada.refused(26)

    await ada.send("MSG", {"channel": "development", "message": 'Héllo <b> & "you" \U0001F600'})
    same("MSG", await bob.next(), ("MSG", {"channel": "Development", "character": one,
                                          "message": 'Héllo &lt;b&gt; &amp; "you" \U0001F600'}))
    await ada.quiet()
    await bob.send("MSG", {"channel": "Development", "message": "Hello yourself"})
    same("MSG back", await ada.next(), ("MSG", {"channel": "Development", "character": two, "message": "Hello yourself"}))
    await bob.quiet()

    # Long enough to be compressed on the one way where that was negotiated.
    await asyncio.sleep(MESSAGE_PAUSE)
    long = "A long story, told again. " * 100
    for sender, hearer, name in ((ada, bob, one), (bob, ada, two)):
        await sender.send("MSG", {"channel": "Development", "message": long})
        same("long MSG", await hearer.next(), ("MSG", {"channel": "Development", "character": name, "message": long}))
        await sender.quiet()

    await asyncio.sleep(MESSAGE_PAUSE)
    await ada.send("TPN", {"character": two.upper(), "status": "typing"})
    same("TPN", await bob.next(), ("TPN", {"character": one, "status": "typing"}))
    await ada.send("PRI", {"recipient": two.lower(), "message": "between us"})
    await bob.expect("PRI", character=one, message="between us")
    await ada.quiet()
    await asyncio.sleep(MESSAGE_PAUSE)
    await ada.send("PRI", {"recipient": f"Nobody {RUN}", "message": "hello?"})
    await ada.refused(6)

    await bob.send("STA", {"status": "BUSY", "statusmsg": "a < b"})
    for client in (ada, bob):
        same("STA", await client.next(), ("STA", {"character": two, "status": "busy", "statusmsg": "a &lt; b"}))
    await bob.send("STA", {"status": "away", "statusmsg": ""})
    await bob.refused(14)

    await ada.send("QQQ", {"any": 1})
    await ada.refused(8)
    await ada.socket.send("MSG {broken")
    await ada.refused(1)
    await ada.send("CHA")
    body = await ada.expect("CHA")
    check("CHA lists Development", any(each["name"] == "Development" and isinstance(each["characters"], int)
                                       for each in body["channels"]), body)

    await bob.send("LCH", {"channel": "Development"})
    for client in (ada, bob):
        same("LCH", await client.next(), ("LCH", {"channel": "Development", "character": two}))
    await asyncio.sleep(MESSAGE_PAUSE)
    await bob.send("MSG", {"channel": "Development", "message": "still here?"})
    await bob.refused(45)

    await bob.socket.close(1000, "goodbye")
    same("code of the close handshake", bob.socket.close_code, 1000)
    await ada.expect("FLN", character=two)


async def refusals(url, identification):
    """What ends a connection: another command before IDN, a wrong ticket, a binary frame."""
    for first, number in ((("JCH", {"channel": "Development"}), 3), (("IDN", {**identification, "ticket": "wrong"}), 4)):
        async with connect(url) as socket:
            client = Client(socket, [])
            await client.send(*first)
            await client.refused(number)
            try:
                await client.frame()
                raise Difference(f"the connection goes on after ERR {number}")
            except ConnectionClosed:
                pass
    async with connect(url) as socket:
        await socket.send(b"IDN {}")
        await socket.wait_closed()
        same("code after a binary frame", socket.close_code, 1003)


async def main():
    url = chat("/chat2")
    people = [make_character("Ada", "Female"), make_character("Bob", "Male")]
    names = [each["character"] for each in people]
    async with connect(url, compression="deflate") as first, connect(url, compression=None) as second:
        for socket, extensions in ((first, ["permessage-deflate"]), (second, [])):
            same("extensions", [each.name for each in socket.protocol.extensions], extensions)
        ada = await log_in(first, people[0], names)
        bob = await log_in(second, people[1], names)
        await dialogue(ada, bob, names)
    await refusals(url, people[1])


if __name__ == "__main__":
    run("dialogue.py", main, "every answer was as specified.")
