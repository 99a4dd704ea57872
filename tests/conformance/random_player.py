#!/usr/bin/env python3
"""Plays seeded random plays on two builds of the server and tells where they differ.

    tests/conformance/random_player.py OLD NEW                    three plays
    tests/conformance/random_player.py OLD NEW --seed 7 --plays 1 --steps 500

Twenty characters of all roles say all commands with plausible and odd arguments. A change of behaviour between the two
builds is told with the play, the step, and what each build sent; the seed brings the play back. Nothing in a play depends
on time: throttles are off, and commands with a pause of their own are said once by each connection.
"""
import argparse
import asyncio
import json
import os
import random
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, HERE)

import login_server
import player

CHARACTERS = [
    "Admin Ann", "Globalmod", "Super Sue", "Staff Stan", "Owner", "Modder", "Othermod", "Roommod", "Hell Hal", "Sub Sam",
    "Ignorer Ida", "Odd Olaf", "Alice", "Bob", "Carol", "Dave", "Erin", "Frank", "Grace", "Heidi",
]
CHANNELS = ["Frontpage", "Development", "Ads Only", "ADH-0123456789abcdef0123", "${ADH-1}", "${ADH-2}", "${ADH-3}", "Nowhere"]
# Commands that a connection says once: the server pauses between two of them.
ONCE = {"CHA", "ORS", "FKS", "SFC"}
SETTINGS = [
    "msg_flood=0", "sta_flood=0", "lfrp_flood=0", "kinks_flood=0", "profile_flood=0", "find_flood=0", "staffcall_flood=0",
    "ignore_flood=0", "command_rate=0", "login_pause=0", "room_flood=0", "invitation_flood=0", "max_per_ip=1000",
    "rooms_per_account=1000", "takeover_limit=0",
]
ODD = [None, True, False, 0, -1, 5, 1.5, "", " ", "x" * 300, "<b>&amp;</b>", "\u202eabc", {"a": 1}, ["a"], "nan", "1e9"]


class Author:
    """Writes a play."""

    def __init__(self, seed):
        self.dice = random.Random(seed)
        self.said = set()

    def name(self):
        name = self.dice.choice([*CHARACTERS, "Nobody", "Oldban"])
        return self.dice.choice([name, name, name.lower(), name.upper()])

    def channel(self):
        name = self.dice.choice(CHANNELS)
        return self.dice.choice([name, name, name.lower()]) if not name.startswith("$") else name

    def words(self):
        return self.dice.choice(["hello", "[b]bold[/b]", "a < b & c", "\u00fcber \U0001f600", "", "x" * 5000])

    def fields(self, code):
        pick = self.dice.choice
        channel, name = self.channel, self.name
        table = {
            "MSG": lambda: {"channel": channel(), "message": self.words()},
            "LRP": lambda: {"channel": channel(), "message": self.words()},
            "PRI": lambda: {"recipient": name(), "message": self.words()},
            # The results of dice are not compared, so that only their form counts.
            "RLL": lambda: {pick(["channel", "recipient"]): pick([channel, name])(), "dice": pick(["1d6", "2d10+3", "0d6", "d", "1d6-1d4", "0b11"])},
            "JCH": lambda: {"channel": channel()},
            "LCH": lambda: {"channel": channel()},
            "CCR": lambda: {"channel": pick(["A den", "Den & <co>", "", "x" * 65])},
            "CIU": lambda: {"channel": channel(), "character": name()},
            "CDS": lambda: {"channel": channel(), "description": self.words()},
            "RMO": lambda: {"channel": channel(), "mode": pick(["chat", "ads", "both", "BOTH", "x"])},
            "RST": lambda: {"channel": channel(), "status": pick(["public", "private", "PUBLIC", "x"])},
            "COL": lambda: {"channel": channel()},
            "CBL": lambda: {"channel": channel()},
            "COA": lambda: {"channel": channel(), "character": name()},
            "COR": lambda: {"channel": channel(), "character": name()},
            "CSO": lambda: {"channel": channel(), "character": name()},
            "CKU": lambda: {"channel": channel(), "character": name()},
            "CBU": lambda: {"channel": channel(), "character": name()},
            "CTU": lambda: {"channel": channel(), "character": name(), "length": pick([1, "30", 90, 91, "x", 0])},
            "CUB": lambda: {"channel": channel(), "character": name()},
            "KIC": lambda: {"channel": channel()},
            "CRC": lambda: {"channel": pick(["Garden", "Park", ""])},
            "ACB": lambda: {"character": name()},
            "TMO": lambda: {"character": name(), "time": pick([1, "5", 100, "x"]), "reason": "because <b>"},
            "UNB": lambda: {"character": name()},
            "KIK": lambda: {"character": name()},
            "AOP": lambda: {"character": name()},
            "DOP": lambda: {"character": name()},
            "SCP": lambda: {"action": pick(["add", "remove", "x"]), "character": name()},
            "RWD": lambda: {"character": name()},
            "BRO": lambda: {"message": self.words()},
            "SFC": lambda: {"action": "report", "report": self.words(), "tab": channel()},
            "PCR": dict,
            "STA": lambda: {"status": pick(["online", "busy", "away", "crown", "x"]), "statusmsg": self.words()},
            "TPN": lambda: {"character": name(), "status": pick(["typing", "clear", "paused", "x"])},
            "IGN": lambda: {"action": pick(["add", "delete", "list", "notify", "x"]), "character": pick([name(), name(), "*"])},
            "PRO": lambda: {"character": name()},
            "KIN": lambda: {"character": name()},
            "FRL": dict,
            "CHA": dict,
            "ORS": dict,
            "UPT": dict,
            "FKS": lambda: {"kinks": pick([["500"], [500, 3], []])},
            "XYZ": dict,
        }
        return table[code]()

    def line(self, speaker):
        codes = [code for code in CODES if (speaker, code) not in self.said]
        code = self.dice.choice(codes)
        if code in ONCE:
            self.said.add((speaker, code))
        fields = self.fields(code)
        if fields and self.dice.random() < 0.1:
            fields[self.dice.choice(sorted(fields))] = self.dice.choice(ODD)
        if fields and self.dice.random() < 0.05:
            del fields[self.dice.choice(sorted(fields))]
        return code + (" " + json.dumps(fields) if fields else "")

    def steps(self, count):
        steps = [{"connect": name, "account": "acc_" + name} for name in CHARACTERS]
        for name in CHARACTERS:
            for channel in ("Development", "ADH-0123456789abcdef0123"):
                if self.dice.random() < 0.6:
                    steps.append({"send": [name, "JCH " + json.dumps({"channel": channel})]})
        for _ in range(count):
            speaker = self.dice.choice(CHARACTERS)
            if self.dice.random() < 0.03:
                # A character that logs in again replaces its earlier connection.
                steps.append({"connect": speaker, "account": "acc_" + speaker})
                self.said = {(who, code) for who, code in self.said if who != speaker}
            else:
                steps.append({"send": [speaker, self.line(speaker)]})
        return steps


CODES = """MSG LRP PRI RLL JCH LCH CCR CIU CDS RMO RST COL CBL COA COR CSO CKU CBU CTU CUB KIC CRC ACB TMO UNB KIK AOP DOP SCP
RWD BRO SFC PCR STA TPN IGN PRO KIN FRL CHA ORS UPT FKS XYZ MSG MSG JCH JCH LCH""".split()


def scenario(seed, count):
    return {"name": "random-%d" % seed, "config": SETTINGS, "mask_bottle": True, "steps": Author(seed).steps(count)}


def differences(old, new):
    """The steps in which somebody received something else, as sentences."""
    for record in (old, new):
        if "error" in record:
            return ["the play did not end: " + record["error"]]
    told = []
    for number, (one, other) in enumerate(zip(old["steps"], new["steps"], strict=True)):
        if one["frames"] == other["frames"]:
            continue
        told.append("step %d, %s" % (number, json.dumps(one["step"])))
        for label in sorted(one["frames"].keys() | other["frames"].keys()):
            before, after = one["frames"].get(label, []), other["frames"].get(label, [])
            if before != after:
                told.append("    %s: old %s" % (label, json.dumps(before)[:400]))
                told.append("    %s: new %s" % (label, json.dumps(after)[:400]))
    return told


async def main(options):
    site = await asyncio.get_running_loop().create_server(login_server.Http, "127.0.0.1", 0)
    port = site.sockets[0].getsockname()[1]
    failed = 0
    for seed in range(options.seed, options.seed + options.plays):
        play = scenario(seed, options.steps)
        old, new = await asyncio.gather(*(player.play(play, binary, port) for binary in (options.old, options.new)))
        told = differences(old, new)
        print("seed %d: %d steps, %s" % (seed, len(play["steps"]), "as before" if not told else "differs"), flush=True)
        for line in told[:options.lines]:
            print("  " + line)
        failed += bool(told)
    site.close()
    return 1 if failed else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", type=os.path.abspath, help="the program before")
    parser.add_argument("new", type=os.path.abspath, help="the program now")
    parser.add_argument("--seed", type=int, default=1, help="of the first play (default: 1)")
    parser.add_argument("--plays", type=int, default=3, help="how many, one seed after the other (default: 3)")
    parser.add_argument("--steps", type=int, default=300, help="of each play (default: 300)")
    parser.add_argument("--lines", type=int, default=60, help="how many lines of differences to print (default: 60)")
    sys.exit(asyncio.run(main(parser.parse_args())))
