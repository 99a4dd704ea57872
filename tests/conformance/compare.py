"""Compares a run with the recordings.

Three rules hold everywhere; each is as narrow as it can be and has the name of its entry in docs/differences.md. What
differs after them is a list of rows: what one character received in one step from the classic server and from ours,
without the frames at both ends that are equal.
"""
import collections
import json
import os
import re

CANONICAL_NAMES = "canonical-names"
CLOSE_HANDSHAKE = "close-handshake"
GONE_AT_ONCE = "gone-at-once"
RULES = (CANONICAL_NAMES, CLOSE_HANDSHAKE, GONE_AT_ONCE)

HERE = os.path.dirname(os.path.abspath(__file__))
# The fields in which the classic server repeated the text of the client.
NAME_FIELDS = ("channel", "character", "recipient")
# The errors that end a connection: banned, logged in again, timed out, kicked.
THROWN_OUT = {9, 31, 39, 40}
# Frames whose text is our own.
PROSE = {"ERR", "SYS", "HLO", "ZZZ", "PRD", "KID"}
# The recipient of observations that are not frames: the answer to a handshake, the state files, whether the server lives.
NOBODY = "(server)"
EOF = ["~EOF", {}]


def same(recorded, ours):
    """Equality, but for prose, of which the recordings hold none: any text will do there. 3 is not 3.0."""
    if recorded == "<text>":
        return isinstance(ours, str)
    if type(recorded) is not type(ours):
        return False
    if isinstance(recorded, dict):
        return recorded.keys() == ours.keys() and all(same(recorded[key], ours[key]) for key in recorded)
    if isinstance(recorded, list):
        return len(recorded) == len(ours) and all(map(same, recorded, ours))
    return recorded == ours


class Comparison:
    """Of one scenario. `rows` is the result, `used` counts how often each rule was needed."""

    def __init__(self, recorded, ours):
        self.name, self.used, self.rows = recorded["name"], collections.Counter(), []
        self.steps = [step["step"] for step in recorded["steps"]]
        self.names = right_spellings(self.steps)
        pairs = list(zip(recorded["steps"], ours["steps"], strict=True))
        self.classic = [dict(step["frames"]) for step, _ in pairs]
        self.ours = [dict(step["frames"]) for _, step in pairs]
        self.without_close_frames()
        self.without_departures()
        for number, (one, other) in enumerate(pairs):
            if one["step"] != other["step"]:
                raise ValueError("%s, step %d: the recording is of another scenario" % (self.name, number))
            self.compare_step(number, one, other)
        if recorded["server_alive"] != ours["server_alive"]:
            self.add(len(pairs), NOBODY, recorded["server_alive"], ours["server_alive"])

    def without_close_frames(self):
        """The classic server cut connections; we say so first. Ours may have a close frame just before the end."""
        for classic, ours in zip(self.classic, self.ours):
            for label, frames in ours.items():
                if frames[-1] == EOF and frames[-2:-1] and frames[-2][0] == "~CLOSE" and EOF in classic.get(label, []):
                    if not any(code == "~CLOSE" for code, _ in classic[label]):
                        ours[label] = frames[:-2] + [EOF]
                        self.used[CLOSE_HANDSHAKE] += 1

    def without_departures(self):
        """Who is thrown out is offline at once with us, and a second later, when the socket closes, with the classic
        server. So an FLN of ours may have a later one to the same recipient as its pair, if the character that it names
        was thrown out in that step; and who is thrown out hears no more of others who go.
        """
        characters = labels(self.steps)
        for number, ours in enumerate(self.ours):
            thrown_out = {label for label, frames in ours.items() if any(map(throws_out, frames))}
            gone = [["FLN", {"character": characters[label]}] for label in sorted(thrown_out)]
            for label in ours:
                for frame in gone:
                    if frame in ours[label] and (self.take_later(label, frame, number) or label in thrown_out):
                        ours[label] = without(ours[label], frame)
                        self.used[GONE_AT_ONCE] += 1
            for label in thrown_out:
                self.end_here(label, number)
                for classic in self.classic[number:]:
                    for frame in [frame for frame in classic.get(label, []) if frame[0] == "FLN"]:
                        classic[label] = without(classic[label], frame)
                        self.used[GONE_AT_ONCE] += 1

    def end_here(self, label, number):
        """Moves the end of a connection to the step with the error, if the classic server did not end it at all: into
        which step the second between the two falls depends on the pace of the machine.
        """
        if any(EOF in classic.get(label, []) for classic in self.classic[number:]):
            return
        for ours in self.ours[number + 1 :]:
            end = [frame for frame in ours.get(label, []) if frame == EOF or frame[0] == "~CLOSE"]
            for frame in end:
                ours[label] = without(ours[label], frame)
            self.ours[number][label] = self.ours[number][label] + end

    def take_later(self, label, frame, number):
        """Takes the classic server's frame away, from this step or a later one; false if there is none."""
        for classic in self.classic[number:]:
            if frame in classic.get(label, []):
                classic[label] = without(classic[label], frame)
                return True
        return False

    def compare_step(self, number, recorded, ours):
        for label in sorted(self.classic[number].keys() | self.ours[number].keys()):
            one, other = list(self.classic[number].get(label, [])), list(self.ours[number].get(label, []))
            while one and other and self.alike(one[0], other[0]):
                del one[0], other[0]
            while one and other and self.alike(one[-1], other[-1]):
                del one[-1], other[-1]
            if one or other:
                self.add(number, label, one, [without_prose(frame) for frame in other])
        for key in sorted((recorded.keys() | ours.keys()) - {"i", "step", "frames"}):
            if not same(recorded.get(key), ours.get(key)):
                self.add(number, "%s %s" % (NOBODY, key), *changed(recorded.get(key), ours.get(key)))

    def alike(self, recorded, ours):
        """Whether two frames are the same, or would be if the classic server had spelled the names right."""
        if same(recorded, ours):
            return True
        if recorded[0] != ours[0] or not isinstance(recorded[1], dict) or not isinstance(ours[1], dict):
            return False
        corrected = dict(recorded[1])
        for field in NAME_FIELDS:
            one, other = corrected.get(field), ours[1].get(field)
            if isinstance(one, str) and isinstance(other, str) and one.lower() == other.lower():
                if other in self.names or re.fullmatch(r"ADH-\d+", other):
                    corrected[field] = other
        if same(corrected, ours[1]):
            self.used[CANONICAL_NAMES] += 1
            return True
        return False

    def add(self, number, recipient, classic, ours):
        self.rows.append(
            {"scenario": self.name, "step": number, "recipient": recipient, "classic": classic, "ours": ours}
        )


def throws_out(frame):
    return frame[0] == "ERR" and frame[1].get("number") in THROWN_OUT


def without(frames, frame):
    """The frames without the first that equals this one."""
    at = frames.index(frame)
    return frames[:at] + frames[at + 1 :]


def labels(steps):
    """The character of each connection's label."""
    result = {}
    for step in steps:
        for key in ("connect", "open", "idn"):
            if key in step:
                result[step.get("as", step[key])] = step.get("name", step[key])
        if "connect_many" in step:
            many = step["connect_many"]
            result.update(dict.fromkeys(["%s%03d" % (many["prefix"], n) for n in range(many["count"])]))
    return {label: name or label for label, name in result.items()}


def right_spellings(steps):
    """Of the characters who log in, and of the channels that are there from the start."""
    with open(os.path.join(HERE, "template/channels.json")) as file:
        channels = json.load(file)
    return {
        "ADH-UBERAWESOMESTAFFROOM",
        *labels(steps).values(),
        *(channel["name"] for kind in channels.values() for channel in kind),
    }


def without_prose(frame):
    """A frame of ours as the recordings would hold it."""
    code, value = frame
    if isinstance(value, dict) and code in PROSE and isinstance(value.get("message"), str):
        return [code, {**value, "message": "<text>"}]
    if code == "CDS" and value.get("channel") == "ADH-UBERAWESOMESTAFFROOM":
        return [code, {**value, "description": "<text>"}]
    return frame


def changed(one, other):
    """Two values without what is the same in both, as far down as they are objects or lists of one length."""
    if isinstance(one, dict) and isinstance(other, dict):
        pairs = {
            key: changed(one.get(key), other.get(key))
            for key in sorted(one.keys() | other.keys())
            if not same(one.get(key), other.get(key))
        }
        return {key: pair[0] for key, pair in pairs.items()}, {key: pair[1] for key, pair in pairs.items()}
    if isinstance(one, list) and isinstance(other, list):
        return [item for item in one if item not in other], [item for item in other if item not in one]
    return one, other
