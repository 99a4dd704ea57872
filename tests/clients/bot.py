"""A bot as strict as those that bot libraries make: what it asks the account service for, which frames it can read, and
what it sends although the protocol has changed since.

Needs FCHATD_URL, the address of a running server with embedded accounts and open registration. Ends with status 1 and
one message at the first thing that such a bot would stumble over.
"""

import asyncio
import json
import secrets

from websockets.asyncio.client import connect

from server import MESSAGE_PAUSE, PATIENCE, RUN, Difference, chat, request, run, same


def ask(path, **fields):
    answer = request(path, **fields)
    same(f"error of {path}", answer["error"], "")
    return answer


class Account:
    """Keeps what the ticket comes with as it stands."""

    def __init__(self, word):
        self.account, self.password = f"{word}{RUN}".lower(), secrets.token_urlsafe(12)
        ask("/api/register", account=self.account, password=self.password)
        self.refresh()
        ask("/api/character-create", account=self.account, ticket=self.ticket, name=f"{word} {RUN}", gender="None")
        self.refresh()
        self.name = self.default_character
        same("the characters", self.characters, [self.name])

    def refresh(self):
        answer = ask("/json/getApiTicket.php", account=self.account, password=self.password)
        for part in ("ticket", "characters", "default_character", "friends", "bookmarks"):
            setattr(self, part, answer[part])

    def api(self, endpoint, /, **fields):
        return ask(f"/json/api/{endpoint}.php", account=self.account, ticket=self.ticket, **fields)


class Bot:
    """Calls a method for each frame, with the frame's members as arguments: one too many is a TypeError."""

    def __init__(self, socket, account, answers=False):
        self.socket, self.account, self.answers = socket, account, answers
        self.channels, self.heard, self.online, self.variables = {}, [], None, {}

    async def send(self, code, **fields):
        await self.socket.send(f"{code} {json.dumps(fields)}" if fields else code)

    async def log_in(self):
        await self.send("IDN", method="ticket", account=self.account.account, ticket=self.account.ticket,
                        character=self.account.name, cname="bot.py", cversion="1")
        while self.online is None:
            await self.frame()

    async def frame(self):
        async with asyncio.timeout(PATIENCE):
            data = await self.socket.recv()
        code, fields = data[:3], json.loads(data[4:] or "{}")
        self.heard.append((code, fields))
        handler = getattr(self, f"on_{code.lower()}", None)
        if handler:
            try:
                await handler(**fields)
            except (TypeError, KeyError) as error:
                raise Difference(f"{data}: {error!r}") from error

    async def until(self, code, **wanted):
        while True:
            for index, (found, fields) in enumerate(self.heard):
                if found == code and all(fields.get(key) == value for key, value in wanted.items()):
                    del self.heard[index]
                    return fields
            await self.frame()

    async def on_pin(self):
        await self.send("PIN")

    async def on_var(self, variable, value):
        self.variables[variable] = value

    async def on_nln(self, identity, gender, status):
        if self.online is None:
            # The library takes the first one for its own.
            same("the first NLN", identity, self.account.name)
            self.online = {}

    async def on_jch(self, channel, character, title):
        if character["identity"] == self.account.name:
            self.channels[channel] = {"title": title, "users": [], "ops": [], "description": ""}
        else:
            self.channels[channel]["users"].append(character["identity"])

    async def on_col(self, channel, oplist):
        self.channels[channel]["ops"] = oplist

    async def on_ich(self, channel, users, mode):
        self.channels[channel]["users"] = [user["identity"] for user in users]

    async def on_cds(self, channel, description):
        self.channels[channel]["description"] = description

    async def on_lch(self, channel, character):
        if character == self.account.name:
            del self.channels[channel]
        else:
            self.channels[channel]["users"].remove(character)

    async def on_msg(self, channel, character, message):
        # Names of channels are compared as they stand.
        same("who speaks is in there", character in self.channels[channel]["users"], True)
        if self.answers and message.startswith("!roll "):
            await self.send("RLL", channel=channel, dice=message.removeprefix("!roll "))

    async def on_pri(self, character, message, recipient=None):
        if self.answers:
            await self.send("PRI", recipient=character, message=f"You said: {message}")


async def dice(bot, person):
    """The bot has a room of its own, answers in it, and looks after it."""
    await bot.send("CCR", channel=f"Dice {RUN}")
    await bot.until("CDS")
    [(room, state)] = [(name, state) for name, state in bot.channels.items() if name.startswith("ADH-")]
    same("who is in a new room", (state["users"], state["ops"]), ([bot.account.name], [bot.account.name]))
    await bot.send("CDS", channel=room, description="Say !roll 2d6")
    await bot.until("CDS", channel=room, description="Say !roll 2d6")
    await bot.send("CIU", channel=room, character=person.account.name)
    invitation = await person.until("CIU", sender=bot.account.name)
    await person.send("JCH", channel=invitation["name"])
    await bot.until("JCH", channel=room, character={"identity": person.account.name})
    await person.until("CDS", channel=room)
    await person.send("MSG", channel=room, message="!roll 2d6")
    await bot.until("MSG", channel=room)
    for each in (bot, person):
        roll = await each.until("RLL", channel=room, character=bot.account.name)
        same("the sum", sum(roll["results"]), roll["endresult"])
    await asyncio.sleep(MESSAGE_PAUSE)
    await person.send("PRI", recipient=bot.account.name, message="a & b")
    await bot.until("PRI")
    await person.until("PRI", message="You said: a &amp;amp; b")
    # One library sends the length as text.
    await bot.send("CTU", channel=room, character=person.account.name, length="5")
    await person.until("CTU", channel=room)
    await person.until("LCH", channel=room, character=person.account.name)
    await bot.until("LCH", channel=room, character=person.account.name)
    same("who is left", bot.channels[room]["users"], [bot.account.name])


async def habits(bot):
    """What libraries send although nobody asked for it, or the protocol has another word for it."""
    await bot.send("STA", status="online", statusmsg="here", character=bot.account.name)
    await bot.until("STA", character=bot.account.name, statusmsg="here")
    await bot.send("FKS", kink="1")
    await bot.until("ERR", number=1)
    await bot.send("UBN", character="Nobody")
    await bot.until("ERR", number=19)
    await bot.socket.pong(b"unasked")
    bot.heard.clear()
    # The server does not answer a PIN of the client: the next frame answers another command.
    await bot.send("PIN")
    await bot.send("UPT")
    figures = await bot.until("UPT")
    same("figures are whole numbers", {type(figures[key]) for key in ("users", "maxusers", "channels", "accepted", "time")}, {int})
    same("a PIN is not answered", [code for code, _ in bot.heard if code == "PIN"], [])


async def account_service(bot, person):
    bot.account.api("bookmark-add", name=person.account.name)
    await bot.until("RTB", type="trackadd", name=person.account.name)
    bot.account.api("request-send2", source_name=bot.account.name, dest_name=person.account.name)
    waiting = person.account.api("request-list")["requests"]
    person.account.api("request-accept", request_id=waiting[0]["id"])
    for each in (bot, person):
        await each.until("RTB", type="friendadd")
    before = bot.account.ticket
    bot.account.refresh()
    same("bookmarks with the ticket", bot.account.bookmarks, [{"name": person.account.name}])
    same("friends with the ticket", bot.account.friends,
         [{"source_name": bot.account.name, "dest_name": person.account.name}])
    # A second bot of the same account gets a ticket, too, and the first one's stays good.
    bot.account.ticket = before
    same("the older ticket", bot.account.api("character-list")["characters"], [bot.account.name])


async def main():
    # One library has the port in the path.
    url = chat("/chat2:9722")
    accounts = [Account("Robot"), Account("Guest")]
    async with connect(url, compression=None) as first, connect(url, origin="https://chat.example") as second:
        bot, person = Bot(first, accounts[0], answers=True), Bot(second, accounts[1])
        await bot.log_in()
        await person.log_in()
        same("variables", set(bot.variables), {"chat_max", "priv_max", "lfrp_max", "cds_max", "lfrp_flood", "msg_flood",
                                               "sta_flood", "permissions", "icon_blacklist"})
        await dice(bot, person)
        await habits(bot)
        await account_service(bot, person)


if __name__ == "__main__":
    run("bot.py", main, "nothing to stumble over.")
