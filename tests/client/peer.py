# SPDX-License-Identifier: LGPL-2.1-or-later
"""A scripted daemon: both sockets, one line of JSON-RPC per message, one thread per client."""

import json
import os
import socket
import threading
import time

HELLO = {"version": 1, "daemon": "ballastd 9.9", "host": "peer", "pid": 4711}
REFUSED, FORBIDDEN, NOT_FOUND, UNAVAILABLE = -32000, -32001, -32002, -32003


class No(Exception):
    """An answer that is an error."""

    def __init__(self, code, message, data=None):
        super().__init__(message)
        self.code, self.message, self.data = code, message, data


class Connection:
    def __init__(self, peer, sock, door):
        self.peer, self.sock, self.door = peer, sock, door
        self.lock = threading.Lock()

    def send(self, message):
        line = message if isinstance(message, bytes) else json.dumps(message).encode() + b"\n"
        with self.lock:
            try:
                self.sock.sendall(line)
            except OSError:
                pass

    def tell(self, method, params):
        self.send({"jsonrpc": "2.0", "method": method, "params": params})

    def close(self):
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def answer(self, request):
        method, params = request["method"], request.get("params", {})
        self.peer.calls.append((self.door, method, params))
        reply = {"jsonrpc": "2.0", "id": request["id"]}
        try:
            if method == "hello":
                reply["result"] = HELLO
            elif method in self.peer.methods:
                reply["result"] = self.peer.methods[method](params, self)
            else:
                raise No(-32601, "method not found: " + method)
        except No as no:
            reply["error"] = {"code": no.code, "message": no.message, "data": no.data}
        if reply.get("result") is not Ellipsis:
            self.send(reply)
        self.peer.answered.append(method)

    def serve(self):
        try:
            with self.sock.makefile("rb") as lines:
                for line in lines:
                    self.answer(json.loads(line))
        except OSError:
            pass
        finally:
            self.sock.close()


class Peer:
    """methods: name -> function(params, connection): the result, No, or ... for no answer at all."""

    def __init__(self, run_dir, methods):
        self.run_dir, self.methods = run_dir, methods
        self.calls = []
        self.answered = []
        self.connections = []
        self.listeners = []
        self.start()

    def start(self):
        os.makedirs(self.run_dir, exist_ok=True)
        for door in ("control", "status"):
            path = os.path.join(self.run_dir, door + ".sock")
            if os.path.exists(path):
                os.unlink(path)
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(path)
            listener.listen(64)
            self.listeners.append(listener)
            threading.Thread(target=self.accept, args=(listener, door), daemon=True).start()

    def accept(self, listener, door):
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            connection = Connection(self, sock, door)
            self.connections.append(connection)
            threading.Thread(target=connection.serve, daemon=True).start()

    def stop(self):
        for listener in self.listeners:
            try:
                listener.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            listener.close()
        for connection in self.connections:
            connection.close()
        self.listeners, self.connections = [], []

    def called(self, method):
        return [params for _, name, params in self.calls if name == method]

    def doors(self):
        return {door for door, _, _ in self.calls}

    def wait_answered(self, method, seconds=600):
        until = time.monotonic() + seconds
        while method not in self.answered:
            if time.monotonic() > until:
                raise AssertionError(f"{method} was not answered: {self.calls}")
            time.sleep(0.01)

    def wait_for(self, method, count=1, seconds=600):
        until = time.monotonic() + seconds
        while len(self.called(method)) < count:
            if time.monotonic() > until:
                raise AssertionError(f"{method} was not called: {self.calls}")
            time.sleep(0.01)
        return self.called(method)[-1]
