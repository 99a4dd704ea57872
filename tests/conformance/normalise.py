"""Makes two runs comparable: room and call ids become placeholders, times and dice vanish, unordered lists are sorted.

Scenarios use the same placeholders in what they send: `${ADH-1}` is the first room that anybody heard of, `${CALL-1}`
the first report, `${ACCT:name}` the number of an account.
"""
import json
import re
import zlib

ROOM = re.compile(r"ADH-[0-9a-f]{20}", re.I)
# The room of the template, which is the same in every run.
FIXED_ROOM = "0123456789abcdef0123"
# The lists without a meaningful order.
UNORDERED = {
    "ICH": "users",
    "ADL": "ops",
    "FRL": "characters",
    "IGN": "characters",
    "FKS": "characters",
    "LIS": "characters",
    "CHA": "channels",
    "ORS": "channels",
}


def account_id(account):
    """What login_server.py gives as the number of an account."""
    return 777777777 if account == "perma" else zlib.crc32(("a:" + account).encode()) % 900000 + 1


def as_json(value):
    return json.dumps(value, sort_keys=True)


class Normaliser:
    """One for each scenario: it keeps which room and which report got which number."""

    def __init__(self, mask_bottle=False):
        self.rooms, self.calls, self.mask_bottle = {}, {}, mask_bottle

    def discover(self, value):
        """Numbers the rooms that a value mentions."""
        for name in ROOM.findall(json.dumps(value)):
            if name[4:] != FIXED_ROOM:
                self.rooms.setdefault(name[4:].lower(), len(self.rooms) + 1)

    def discover_all(self, frames_of):
        """Numbers the rooms and reports that arrived in a step; `frames_of` maps labels to frames."""
        calls = set()
        for label in sorted(frames_of):
            for code, value in frames_of[label]:
                self.discover(value)
                if code == "SFC" and isinstance(value, dict) and "callid" in value:
                    calls.add(value["callid"])
        for call in sorted(calls - set(self.calls)):
            self.calls[call] = len(self.calls) + 1

    def expand(self, text):
        """Fills the placeholders in what a scenario sends."""

        def fill(match):
            kind, _, number = match.group(1).partition("-")
            if match.group(1).startswith("ACCT:"):
                return str(account_id(match.group(1)[5:]))
            table = {"adh": self.rooms, "call": self.calls}.get(kind.lower(), {})
            for name, index in table.items():
                if str(index) == number:
                    return name if kind == "CALL" else "%s-%s" % (kind, name)
            return match.group(0)

        return re.sub(r"\$\{([^}]*)\}", fill, text)

    def replace(self, value):
        """The value with placeholders in the place of room ids."""
        if isinstance(value, str):
            return ROOM.sub(self._placeholder, value)
        if isinstance(value, list):
            return [self.replace(item) for item in value]
        if isinstance(value, dict):
            return {self.replace(key): self.replace(item) for key, item in value.items()}
        return value

    def _placeholder(self, match):
        number = self.rooms.get(match.group(0)[4:].lower())
        if number is None:
            return match.group(0)
        return "%s-%d" % ("ADH" if match.group(0).startswith("ADH") else "adh", number)

    def frame(self, code, value):
        if not isinstance(value, dict):
            return [code, value]
        value = self.replace(value)
        unordered = UNORDERED.get(code)
        if isinstance(value.get(unordered), list):
            by_name = code in ("CHA", "ORS")
            value[unordered] = sorted(value[unordered], key=lambda item: as_json(item["name"] if by_name else item))
        if code == "COL" and isinstance(value.get("oplist"), list):
            # The owner stands first.
            value["oplist"] = value["oplist"][:1] + sorted(value["oplist"][1:])
        elif code == "UPT":
            for key in value.keys() & {"starttime", "time", "startstring"}:
                value[key] = "<%s:%s>" % (key, type(value[key]).__name__)
        elif code == "SFC":
            self._report(value)
        elif code == "RLL" and value.get("type") == "dice":
            dice(value)
        elif code == "RLL" and value.get("type") == "bottle" and self.mask_bottle:
            bottle(value)
        return [code, value]

    def _report(self, value):
        if "timestamp" in value:
            value["timestamp"] = "<ts:%s>" % type(value["timestamp"]).__name__
        if "callid" in value:
            call = value["callid"]
            number = self.calls.setdefault(call, len(self.calls) + 1)
            rest = re.match(r"^\d+:(.*)$", call)
            value["callid"] = "CALL-%d:%s" % (number, rest.group(1) if rest else "?" + call)

    def frames(self, frames):
        """All that one character received in a step. User lists are merged, runs without order are sorted."""
        result = []
        for code, value in frames:
            frame = self.frame(code, value)
            last = result[-1] if result else [None, None]
            if code == "LIS" and last[0] == "LIS" and isinstance(frame[1], dict):
                last[1]["characters"] = sorted(last[1]["characters"] + frame[1].get("characters", []), key=as_json)
            else:
                result.append(frame)
        start = 0
        while start < len(result):
            end = start + 1
            kind = unordered_run(result[start])
            if kind:
                while end < len(result) and unordered_run(result[end]) == kind:
                    end += 1
                run = sorted(result[start:end], key=lambda frame: (frame[1].get("callid", ""), as_json(frame)))
                result[start:end] = run
            start = end
        return result


def unordered_run(frame):
    """The kind of frame, where several in a row have no order."""
    code, value = frame
    if isinstance(value, dict):
        if (code, value.get("type")) in {("PRD", "info"), ("KID", "custom")}:
            return code
        if code == "FLN" or (code == "SFC" and value.get("old")):
            return code
    return None


def dice(value):
    """Hides what chance decided. A roll has something on both sides of its "d"."""

    def is_roll(text):
        return len([part for part in str(text).split("d") if part]) > 1

    rolls, results = value.get("rolls", []), value.get("results", [])
    if any(is_roll(roll) for roll in rolls):
        if len(rolls) == len(results):
            value["results"] = ["N" if is_roll(roll) else result for roll, result in zip(rolls, results)]
        value["endresult"] = "N:" + type(value.get("endresult")).__name__
        value["message"] = re.sub(r"( rolls .*?: ).*$", r"\1RESULT", value.get("message", ""), flags=re.S)


def bottle(value):
    """Hides whom the bottle points at."""
    target, value["target"] = value.get("target"), "<target>"
    message = value.get("message", "")
    if target == value.get("character"):
        value["message"] = re.sub(r"(: \[user\]).*(\[/user\])$", r"\1<target>\2", message)
    else:
        value["message"] = message.replace("[user]%s[/user]" % target, "[user]<target>[/user]")


def state_file(value, key=None):
    """A file of the classic server's state: lists sorted, times replaced."""
    if isinstance(value, dict):
        return {name: state_file(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return sorted((state_file(item) for item in value), key=as_json)
    if key in ("time", "end", "timeout") and isinstance(value, int) and value > 1600000000:
        return "<%s>" % key
    return value
