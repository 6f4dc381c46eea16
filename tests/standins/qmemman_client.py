# SPDX-License-Identifier: LGPL-2.1-or-later
"""A client of qmemman as qubesd is: connect, one send, one recv of at most 1024 bytes, and the connection kept while the guest
starts."""

import contextlib
import socket


class Qmemman:
    def __init__(self, path):
        self.path = str(path)

    def connect(self):
        client = socket.socket(socket.AF_UNIX)
        client.connect(self.path)
        client.settimeout(600)
        return client

    def send(self, text):
        """A connection with the request under way; read() is its answer."""
        client = self.connect()
        with contextlib.suppress(BrokenPipeError):  # it was closed already; what is read says so
            client.send(text if isinstance(text, bytes) else text.encode("ascii"))
        return client

    @staticmethod
    def read(client):
        """What one recv brings, which is the whole answer; b"": closed without one."""
        try:
            return client.recv(1024)
        except ConnectionResetError:
            return b""

    def ask(self, text):
        """The connection and its answer."""
        client = self.send(text)
        return client, self.read(client)

    def request_mem(self, size):
        """The connection that keeps the memory, or None: it was refused."""
        client, answer = self.ask(f"{int(size)}\n")
        assert answer in (b"OK\n", b"FAIL\n"), answer
        if answer == b"OK\n":
            return client
        client.close()
        return None

    def set_mem(self, sizes):
        """{domid: bytes}; whether it was done."""
        client, answer = self.ask(" ".join(f"{domid}:{size}" for domid, size in sizes.items()) + "\n")
        client.close()
        assert answer in (b"OK\n", b"FAIL\n", b""), answer
        return answer == b"OK\n"
