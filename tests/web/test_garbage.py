#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test_garbage.py SEED: no request ends ballast-web, whatever is in it, and none is answered with what is not meant
for it."""

import random
import socket
import sys

from server import Daemon, Web, until

GARBAGE = [
    b"\r\n\r\n", b"\0" * 100, b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET  / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost localhost\r\n\r\n", b"GET / HTTP/1.1\r\n: x\r\n\r\n", b"GET /%zz HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\n",
    b"GET /api/state?" + b"a=b&" * 3000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 5000 + b"\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 100000 + b"\r\n\r\n",
    b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET /api/stream HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: 99999999999999999999999\r\n\r\n"[:-2],
]


def sent_and_left(web, data):
    """Sends and goes, as who means ill does."""
    with web.connect() as connection:
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(0.2)
            connection.recv(4096)
        except OSError:
            pass


def main():
    with Daemon() as daemon, Web(daemon.run) as web:
        for data in GARBAGE:
            sent_and_left(web, data)
        chance = random.Random(int(sys.argv[1]))
        valid = b"GET /api/state?x=%41 HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n"
        for _ in range(300):
            data = bytearray(valid)
            for _ in range(chance.randint(1, 12)):
                at = chance.randrange(len(data))
                data[at:at + chance.randint(0, 2)] = chance.randbytes(chance.randint(0, 3))
            sent_and_left(web, bytes(data))
        until(lambda: web.ask("/api/state").status == 200)
        several = (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" * 20 +
                   b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert web.raw(several).count(b"HTTP/1.1 200") == 21


main()
