"""The differences that are meant: expected.json holds them one by one, docs/differences.md explains them.

Each row of expected.json has a "why", the name of the entry that explains it; in docs/differences.md the name stands in
the entry's heading, like `this`. Below the entry a line says where it shows; that line is written, and checked, here.
"""
import collections
import json
import os
import re

import compare

HERE = os.path.dirname(os.path.abspath(__file__))
ROWS = os.path.join(HERE, "expected.json")
LIST = os.path.normpath(os.path.join(HERE, "../../docs/differences.md"))
ENTRY = re.compile(r"^### [^\n]*\(`([a-z0-9-]+)`\)$(.*?)(?=^##|\Z)", re.M | re.S)
SEEN = re.compile(r"^Seen in: .*$", re.M)
UNEXPLAINED = "?"


def place(row):
    return row["scenario"], row["step"], row["recipient"]


def what(row):
    return json.dumps([row["classic"], row["ours"]], sort_keys=True)


def read_rows():
    if not os.path.exists(ROWS):
        return []
    with open(ROWS, encoding="utf-8") as file:
        return json.load(file)


def write_rows(rows):
    keys = ("scenario", "step", "recipient", "why", "classic", "ours")

    def line(row):
        pairs = ('"%s": %s' % (key, json.dumps(row[key], ensure_ascii=False, sort_keys=True)) for key in keys)
        return "{%s}" % ", ".join(pairs)

    lines = [line(row) for row in sorted(rows, key=place)]
    with open(ROWS, "w", encoding="utf-8") as file:
        file.write("[\n%s\n]\n" % ",\n".join(lines))


def read_list():
    with open(LIST, encoding="utf-8") as file:
        return file.read()


def accept(found, played):
    """Writes the differences of the played scenarios down. A row that was there as it is keeps its reason; the others get
    "?", which no test passes: somebody has to look at them and say why.
    """
    known = read_rows()
    reasons = {(place(row), what(row)): row["why"] for row in known}
    rows = [row for row in known if row["scenario"] not in played]
    rows += [{**row, "why": reasons.get((place(row), what(row)), UNEXPLAINED)} for row in found]
    write_rows(rows)
    text = read_list()

    def fill(entry):
        return SEEN.sub(lambda _: seen_line(entry.group(1), rows), entry.group(0))

    with open(LIST, "w", encoding="utf-8") as file:
        file.write(ENTRY.sub(fill, text))


def seen_line(name, rows):
    """The line of an entry that says in which scenarios and steps it shows."""
    steps = collections.defaultdict(set)
    for row in rows:
        if row["why"] == name:
            steps[row["scenario"]].add(row["step"])
    places = ["everywhere (a rule of `compare.py`)"] if name in compare.RULES else []
    places += ["`%s` %s" % (scenario, spans(sorted(numbers))) for scenario, numbers in sorted(steps.items())]
    return "Seen in: %s." % "; ".join(places)


def spans(numbers):
    """1, 2, 3, 5 as "1–3, 5"."""
    parts = []
    for number in numbers:
        if parts and parts[-1][1] == number - 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ", ".join(str(a) if a == b else "%d–%d" % (a, b) for a, b in parts)


def unexpected(name, found):
    """What is wrong with the differences of one scenario, a text each."""
    known = {place(row): row for row in read_rows() if row["scenario"] == name}
    problems = []
    for row in found:
        before = known.pop(place(row), None)
        if before is None:
            problems.append("new difference: " + describe(row))
        elif what(before) != what(row):
            problems.append("another difference than before: %s\n    before    %s" % (describe(row), frames(before["ours"])))
    problems += ["this difference is gone: " + describe(row) for row in known.values()]
    return problems


def describe(row):
    return "step %d, to %s\n    recorded  %s\n    ours      %s" % (
        row["step"], row["recipient"], frames(row["classic"]), frames(row["ours"])
    )


def frames(value):
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 600 else text[:600] + "…"


def unlisted(used):
    """What is wrong with the list itself, given how often each rule was used."""
    rows, entries = read_rows(), {match.group(1): match.group(2) for match in ENTRY.finditer(read_list())}
    reasons = {row["why"] for row in rows}
    problems = ["docs/differences.md has no entry `%s`" % name for name in sorted({*reasons, *compare.RULES} - {*entries})]
    for name, text in entries.items():
        if name not in reasons and not used[name]:
            problems.append("`%s` of docs/differences.md shows nowhere" % name)
        if SEEN.findall(text) != [seen_line(name, rows)]:
            problems.append("`%s` of docs/differences.md shows elsewhere: %s" % (name, seen_line(name, rows)))
    return problems
