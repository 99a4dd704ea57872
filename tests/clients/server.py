"""The server under test, for the clients in Python: its address, its account service, and what is said when it is
wrong.

Needs FCHATD_URL, the address of a running server with embedded accounts and open registration.
"""

import asyncio
import json
import os
import secrets
import sys
import urllib.parse
import urllib.request

from websockets.exceptions import ConnectionClosed

PATIENCE = 10  # seconds for one frame to come
MESSAGE_PAUSE = 0.7  # seconds; more than msg_flood
RUN = secrets.token_hex(4)


class Difference(Exception):
    """What the server did is not what the client expects."""


def same(what, found, expected):
    if found != expected:
        raise Difference(f"{what}: expected {expected!r}, got {found!r}")


def request(path, **fields):
    """Sends a form. As in bot libraries, an answer has to say that it is JSON, and to have status 200."""
    url = urllib.parse.urljoin(os.environ["FCHATD_URL"], path)
    with urllib.request.urlopen(url, urllib.parse.urlencode(fields).encode(), timeout=PATIENCE) as answer:
        same(f"content type of {path}", answer.headers.get_content_type(), "application/json")
        return json.load(answer)


def chat(path):
    """The address of the chat."""
    parts = urllib.parse.urlsplit(os.environ["FCHATD_URL"])
    return f"{'wss' if parts.scheme == 'https' else 'ws'}://{parts.netloc}{path}"


def run(name, main, success):
    """Runs a client. Ends with status 1 and one message at the first thing that is wrong."""
    if "FCHATD_URL" not in os.environ:
        sys.exit("Set FCHATD_URL to the address of a running server, for example http://127.0.0.1:8080/.")
    try:
        asyncio.run(main())
    except Difference as difference:
        sys.exit(f"{name}: {difference}")
    except TimeoutError:
        sys.exit(f"{name}: nothing came for {PATIENCE} seconds")
    except ConnectionClosed as closed:
        sys.exit(f"{name}: the server closed the connection: {closed}")
    print(f"{name}: {success}")
