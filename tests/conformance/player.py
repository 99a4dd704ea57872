"""Plays a scenario against a server and writes down, step by step, what every character receives.

After each step comes a barrier (a ping and its answer on a connection of its own, which shows that the server is past
everything sent before), then QUIET seconds in which nobody receives anything.
"""
import asyncio
import hashlib
import json
import re
import socket
import time

import normalise
import wire
from server import HOST, Server

QUIET = 0.15
# Seconds to wait for the first answer to a log-in, unless the step says otherwise.
FIRST_ANSWER = 3.0
BRIDGE_SECRET = "anotherlongandcomplicatedrandomizedpassword"


class Player:
    def __init__(self, scenario, server):
        self.scenario, self.server = scenario, server
        self.connections, self.probe = {}, None
        self.normaliser = normalise.Normaliser(scenario.get("mask_bottle", False))

    async def play(self):
        """The record: one entry for each step, with the frames that arrived, by the label of the connection."""
        steps = []
        await self.barrier()
        for number, step in enumerate(self.scenario["steps"]):
            try:
                extra = await self.step(step)
            except OSError as error:
                extra = {"client_error": type(error).__name__}
            heard = {label: c.frames for label, c in self.connections.items() if c.frames}
            self.normaliser.discover_all(heard)
            frames = {label: self.normaliser.frames(heard[label]) for label in sorted(heard)}
            for connection in self.connections.values():
                connection.frames = []
            steps.append({"i": number, "step": step, **extra, "frames": frames})
        for connection in [*self.connections.values(), *filter(None, [self.probe])]:
            connection.close()
        return steps

    async def step(self, step):
        """Does one step and returns what is worth noting besides frames."""
        extra = {}
        speaker = None
        expand = self.normaliser.expand
        if "connect" in step or "open" in step:
            name = step.get("connect") or step.get("open")
            connection = self.add(step.get("as", name), step.get("record", True))
            answer = await connection.handshake(HOST, self.server.port, headers=step.get("headers"))
            if answer == "none" or answer["status"] != "101" or not answer["accept_ok"]:
                extra["handshake"] = answer
            elif "connect" in step:
                connection.write(wire.make_frame(identification(step, name)))
                speaker = connection
        elif "handshake" in step:
            label, request = step["handshake"]
            extra["handshake"] = await self.add(label).handshake(HOST, self.server.port, request=request)
        elif "connect_many" in step:
            await self.connect_many(**step["connect_many"])
        elif "idn" in step:
            speaker = self.connections[step["idn"]]
            speaker.write(wire.make_frame(identification(step, step.get("name", step["idn"]))))
            speaker.heard_something = False
        elif "send" in step:
            label, text = step["send"]
            self.connections[label].write(wire.make_frame(expand(text)))
        elif "multi" in step:
            for label, text in step["multi"]:
                self.connections[label].write(wire.make_frame(expand(text)))
                await asyncio.sleep(step.get("delay", 0.03))
        elif "frame" in step:
            label, frame = step["frame"]
            self.connections[label].write(wire.frame_of(frame))
        elif "burst" in step:
            label, frames = step["burst"]
            self.connections[label].write(b"".join(map(wire.frame_of, frames)))
        elif "pump" in step:
            label, frames = step["pump"]
            for frame in frames:
                self.connections[label].write(wire.frame_of(frame))
                await asyncio.sleep(step.get("delay", 0.01))
        elif "split" in step:
            label, frame = step["split"]
            data, size = wire.frame_of(frame), step.get("size", 1)
            for start in range(0, len(data), size):
                self.connections[label].write(data[start : start + size])
                await asyncio.sleep(0.01)
        elif "raw" in step:
            label, data = step["raw"]
            raw = bytes.fromhex(data[4:]) if data.startswith("hex:") else data.encode("latin-1")
            self.connections[label].write(raw)
        elif "rtb" in step:
            self.send_to_bridge(signed(step))
        elif "rtb_raw" in step:
            self.send_to_bridge(step["rtb_raw"].encode("latin-1"))
        elif "disconnect" in step:
            self.connections.pop(step["disconnect"]).close()
        elif "sleep" in step:
            await asyncio.sleep(step["sleep"])
        elif "files" in step:
            extra["files"] = {name: self.server.read_state(name, self.normaliser) for name in step["files"]}
        elif "alive" in step:
            extra["alive"] = self.server.alive()
        else:
            raise ValueError("there is no step %r" % step)
        await self.settle(speaker, step.get("first", FIRST_ANSWER))
        return extra

    def add(self, label, record=True):
        self.connections[label] = wire.Connection(label, record)
        return self.connections[label]

    async def connect_many(self, count, prefix, record=False, account=None):
        for number in range(count):
            name = "%s%03d" % (prefix, number)
            connection = self.add(name, record)
            await connection.handshake(HOST, self.server.port)
            connection.write(wire.make_frame(identification({"account": account or "many%d" % number}, name)))
            start = time.monotonic()
            while not connection.heard_something and time.monotonic() - start < FIRST_ANSWER:
                await asyncio.sleep(0.003)

    def send_to_bridge(self, packet):
        with socket.socket(type=socket.SOCK_DGRAM) as datagram:
            datagram.sendto(packet, (HOST, self.server.port + 1))

    async def barrier(self):
        if self.probe is None or self.probe.ended:
            self.probe = wire.Connection("~probe")
            try:
                # An address of its own, so that it does not count with those of the scenario.
                answer = await self.probe.handshake(HOST, self.server.port, headers={"X-Real-IP": "10.255.255.1"})
            except OSError:
                answer = "none"
            if answer == "none":
                self.probe = None
                return
        for _ in range(2):
            self.probe.frames = []
            self.probe.write(wire.make_frame("bar", opcode=9))
            start = time.monotonic()
            while not self.probe.frames and not self.probe.ended and time.monotonic() - start < 2.0:
                await asyncio.sleep(0.002)

    async def settle(self, speaker, first_answer):
        start = time.monotonic()
        while speaker and not speaker.heard_something and time.monotonic() - start < first_answer:
            await asyncio.sleep(0.005)
        await self.barrier()
        start = time.monotonic()
        while True:
            last = max([start, *(connection.last_heard for connection in self.connections.values())])
            rest = QUIET - (time.monotonic() - last)
            if rest <= 0:
                return
            await asyncio.sleep(min(0.02, rest + 0.001))


def identification(step, name):
    fields = {
        "method": "ticket",
        "account": step.get("account", "acc_" + name),
        "ticket": step.get("ticket", "t"),
        "character": name,
        "cname": "diff",
        "cversion": "1.0",
    }
    return "IDN " + json.dumps(fields)


def signed(step):
    """A datagram for the bridge in the classic form."""
    command, arguments = step["rtb"]
    body = command + (arguments if isinstance(arguments, str) else json.dumps(arguments))
    body = re.sub(r'"\$\{ACCT:([^}]*)\}"', lambda match: str(normalise.account_id(match.group(1))), body)
    secret = step.get("secret", BRIDGE_SECRET)
    return (hashlib.md5((secret + body).encode()).hexdigest() + body).encode()


async def play(scenario, binary, login_port, keep=False):
    """The record of a scenario, played against a server of its own. What goes wrong is in its "error"."""
    record = {"name": scenario["name"]}
    server = None
    try:
        server = Server(binary, login_port, scenario.get("config", []))
        await server.start()
        record["steps"] = await Player(scenario, server).play()
        record["server_alive"] = server.alive()
        if not server.alive():
            record["error"] = "the server ended by itself: %s" % server.read_log()
        await server.stop()
    except Exception as error:  # After any error the other scenarios are still played.
        record["error"] = "%s: %s" % (type(error).__name__, error)
        if server and server.process and server.alive():
            server.process.kill()
            server.process.wait()
    finally:
        if server and keep:
            record["folder"] = server.folder
        elif server:
            server.remove()
    return record
