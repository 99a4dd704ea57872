"""The bot of docs/clients.md, as it stands there: it answers its command and nothing else, comes back when its connection
breaks, and gives up when it is not wanted.

Needs FCHATD_URL, the address of a running server with embedded accounts and open registration.
"""

import asyncio
import os
import re
import sys
import tempfile
import urllib.parse

from websockets.asyncio.client import connect

from bot import Account, Bot
from server import MESSAGE_PAUSE, PATIENCE, Difference, chat, run, same

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs/clients.md")
ROOM = "Development"


def program(site, account):
    """The bot's source with this site and account in it."""
    with open(PAGE, encoding="utf-8") as page:
        section = page.read().split("## A bot in a few lines")[1]
    lines = [line[4:] for line in section.splitlines() if line.startswith("    ") or not line]
    source = "\n".join(lines).strip() + "\n"
    constants = f"SITE, ACCOUNT, PASSWORD, CHARACTER = {site!r}, {account.account!r}, {account.password!r}, {account.name!r}"
    changed, count = re.subn(r"^SITE, ACCOUNT.*$", lambda _: constants, source, flags=re.M)
    same("the line with the constants", count, 1)
    return changed


class Wire:
    """A way to the server that can be cut."""

    def __init__(self):
        parts = urllib.parse.urlsplit(os.environ["FCHATD_URL"])
        self.host, self.port, self.open = parts.hostname, parts.port, []

    async def start(self):
        self.server = await asyncio.start_server(self.carry, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}"

    async def carry(self, reader, writer):
        far_reader, far_writer = await asyncio.open_connection(self.host, self.port)
        self.open += [writer, far_writer]

        async def copy(source, sink):
            try:
                while data := await source.read(65536):
                    sink.write(data)
                    await sink.drain()
            except OSError:
                pass
            sink.close()

        await asyncio.gather(copy(reader, far_writer), copy(far_reader, writer))

    def cut(self):
        for writer in self.open:
            writer.transport.abort()
        self.open = []


async def main():
    person_account, bot_account = Account("Greeter"), Account("Example")
    wire = Wire()
    with tempfile.NamedTemporaryFile("w", suffix=".py", encoding="utf-8") as file:
        file.write(program(await wire.start(), bot_account))
        file.flush()
        async with connect(chat("/chat2"), compression=None) as socket:
            person = Bot(socket, person_account)
            await person.log_in()
            await person.send("JCH", channel=ROOM)
            await person.until("CDS", channel=ROOM)
            process = await asyncio.create_subprocess_exec(sys.executable, file.name, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
            try:
                await greeted(person, bot_account, first=True)
                wire.cut()
                # It is back when it has joined again: others see nothing of that, so it is asked until it answers.
                await greeted(person, bot_account, first=False)
                # Another connection of the character has taken its place.
                async with connect(chat("/chat2"), compression=None) as other:
                    await Bot(other, bot_account).log_in()
                    code = await asyncio.wait_for(process.wait(), PATIENCE)
                same("how the bot ends when its character is in use elsewhere", code, 1)
            finally:
                if process.returncode is None:
                    process.kill()
                    _, errors = await process.communicate()
                    sys.stderr.write(errors.decode(errors="replace"))


async def greeted(person, account, first):
    """Waits until the bot answers; what is no command it does not answer."""
    if first:
        await person.until("JCH", channel=ROOM, character={"identity": account.name})
        await person.send("MSG", channel=ROOM, message="hello there")
        await asyncio.sleep(MESSAGE_PAUSE)
    for _ in range(30):
        await person.send("MSG", channel=ROOM, message="!hello")
        try:
            said = await asyncio.wait_for(person.until("MSG", channel=ROOM, character=account.name), 2)
        except TimeoutError:
            continue
        same("the answer to !hello", said["message"], f"Hello, {person.account.name}.")
        return
    raise Difference("the bot of the documentation does not answer")


if __name__ == "__main__":
    run("example.py", main, "the bot of the documentation answers, comes back, and knows when to go.")
