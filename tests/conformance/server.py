"""Starts the server that is tested, each time in a fresh folder with the template's state and settings."""
import asyncio
import json
import os
import shutil
import socket
import subprocess
import tempfile

import normalise

HERE = os.path.dirname(os.path.abspath(__file__))
HOST = "127.0.0.1"
# Below the ports that the system hands out for outgoing connections.
FIRST_PORT, LAST_PORT = 21000, 29000
# LAYOUT_THREADS=3 runs all servers on so many threads.
LAYOUT = ["--set", "threads=" + os.environ["LAYOUT_THREADS"]] if "LAYOUT_THREADS" in os.environ else []
_next_port = FIRST_PORT


def free_port():
    """A port that is free for TCP, and the one after it for UDP (the bridge)."""
    global _next_port
    while _next_port < LAST_PORT:
        port = _next_port
        _next_port += 2
        try:
            with socket.socket() as stream, socket.socket(type=socket.SOCK_DGRAM) as datagram:
                stream.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                stream.bind((HOST, port))
                datagram.bind((HOST, port + 1))
                return port
        except OSError:
            continue
    raise RuntimeError("no free port between %d and %d" % (FIRST_PORT, LAST_PORT))


class Server:
    """One process and its folder. `settings` are further lines for its startup_config.lua."""

    def __init__(self, binary, login_port, settings):
        self.binary, self.port, self.process = binary, free_port(), None
        self.folder = tempfile.mkdtemp(prefix="fchatd-conformance.")
        self.log = os.path.join(self.folder, "server.log")
        shutil.copytree(os.path.join(HERE, "template"), self.folder, dirs_exist_ok=True)
        with open(os.path.join(self.folder, "script/startup_config.lua"), "a") as file:
            file.write('\nport=%d\nlog_socket_path="%s/log.sock"\n' % (self.port, self.folder))
            file.write('login_url="http://%s:%d/login"\n' % (HOST, login_port))
            file.write('handle_report_url="http://%s:%d/report"\n' % (HOST, login_port))
            file.writelines(line + "\n" for line in settings)
        result = subprocess.run(
            [binary, "state", "import", self.folder, "--dir", self.folder],
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
        )
        if result.returncode != 0:
            raise RuntimeError("the state was not imported: %s%s" % (result.stdout, result.stderr))

    async def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [self.binary, "--dir", self.folder, "--set", "compat=classic", "--set", "identify_timeout=3600"] + LAYOUT,
                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )
        for _ in range(500):
            if not self.alive():
                raise RuntimeError("the server ended with %s: %s" % (self.process.returncode, self.read_log()))
            try:
                socket.create_connection((HOST, self.port), timeout=5).close()
                return
            except OSError:
                await asyncio.sleep(0.02)
        raise RuntimeError("the server does not listen on %d: %s" % (self.port, self.read_log()))

    async def stop(self):
        if self.process and self.alive():
            self.process.terminate()
            for _ in range(250):
                if not self.alive():
                    return
                await asyncio.sleep(0.02)
            self.process.kill()
            self.process.wait()
            raise RuntimeError("the server does not stop: %s" % self.read_log())

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def read_log(self):
        with open(self.log, errors="replace") as file:
            return file.read()[-2000:]

    def read_state(self, name, normaliser):
        """A file of the state, as the classic server would have written it, normalised."""
        try:
            with open(os.path.join(self.folder, name)) as file:
                value = json.load(file)
        except (OSError, ValueError) as error:
            return {"~error": type(error).__name__}
        normaliser.discover(value)
        return normaliser.replace(normalise.state_file(value))

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)
