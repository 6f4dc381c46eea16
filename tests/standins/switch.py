# SPDX-License-Identifier: LGPL-2.1-or-later
"""A message switch as XAPI's is, as far as a service and its clients meet it, and a client of squeezed through it."""

import json
import os
import socket
import threading
import time
import urllib.parse

from squeezed_client import Failure

QUEUE = "org.xen.xapi.memory"


class Switch:
    """Queues of messages in memory; `down` and `up` are a restart, which forgets or keeps them."""

    def __init__(self, path):
        self.path = str(path)
        self.changed = threading.Condition(threading.RLock())
        self.queues = {}  # name: {"next": number, "messages": {number: (payload, kind)}, "owner": session or None}
        self.waited = {}  # name: when a transfer of it ends or ended, in ns
        self.acks = []
        self.drop_acks = False  # as where the service is killed before each
        self.hold_responses = False
        self.garbled = set()  # requests of which the next one is answered by what is not JSON
        self.connections = set()
        self.listener = None
        self.up()

    def up(self):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(64)
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def down(self, keep=True):
        listener, self.listener = self.listener, None
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        os.unlink(self.path)
        with self.changed:
            for connection in list(self.connections):
                connection.shutdown(socket.SHUT_RDWR)
            self.waited = {}
            if not keep:
                self.queues = {}
            self.changed.notify_all()

    def accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with self.changed:
            self.connections.add(connection)
        session = [None]
        try:
            stream = connection.makefile("rb")
            while True:
                line = stream.readline()
                if not line:
                    return
                method, target, _ = line.decode().split()
                length = 0
                while (header := stream.readline().strip()):
                    name, _, value = header.decode().partition(":")
                    if name.lower() == "content-length":
                        length = int(value)
                body = stream.read(length).decode()
                status, answer = self.answer(session, method, target, body)
                answer = answer.encode()
                connection.sendall(f"HTTP/1.1 {status}\r\nContent-Length: {len(answer)}\r\n\r\n".encode() + answer)
        except (OSError, ValueError, ConnectionError):
            pass
        finally:
            with self.changed:
                self.connections.discard(connection)
            connection.close()

    def end_session(self, session):
        for name in [name for name, queue in self.queues.items() if queue["owner"] == session]:
            del self.queues[name]

    def answer(self, session, method, target, body):
        words = [urllib.parse.unquote(word) for word in target.split("/")[1:]]
        if words[0] == "login":
            session[0] = words[1]
            return "200 OK", ""
        if not session[0]:
            return "404 Not Found", "Please log in."
        status, text = getattr(self, f"do_{words[0] or 'diagnostics'}")(session[0], words, body)
        if words[0] in self.garbled:
            self.garbled.discard(words[0])
            text = "garbled"
        return status, text

    def make(self, name, owner):
        with self.changed:
            self.queues.setdefault(name, {"next": 0, "messages": {}, "owner": owner})
        return "200 OK", name

    def do_persistent(self, _session, words, _body):
        return self.make(words[1], None)

    def do_transient(self, session, words, _body):
        return self.make(words[1], session)

    def put(self, name, payload, kind):
        with self.changed:
            queue = self.queues.get(name)
            if queue is None:
                return "200 OK", "[]"
            number = queue["next"]
            queue["next"] += 1
            queue["messages"][number] = (payload, kind)
            self.changed.notify_all()
        return "200 OK", json.dumps([[name, number]])

    def do_request(self, _session, words, body):
        return self.put(words[1], body, ["Request", words[2]])

    def do_response(self, _session, words, body):
        with self.changed:
            self.changed.wait_for(lambda: not self.hold_responses)
        return self.put(words[1], body, ["Response", [words[2], int(words[3])]])

    def do_transfer(self, _session, _words, body):
        asked = json.loads(body)
        after = int(asked.get("from", "-1"))
        assert isinstance(asked.get("from", ""), str)
        end = time.monotonic() + asked["timeout"]
        with self.changed:
            for name in asked["queues"]:
                self.waited[name] = time.time_ns() + int(asked["timeout"] * 10**9)

            def found():
                return [[[name, number], {"payload": payload, "kind": kind}] for name in asked["queues"]
                        for number, (payload, kind) in self.queues.get(name, {"messages": {}})["messages"].items()
                        if number > after]

            self.changed.wait_for(lambda: found() or not self.listener, max(0, end - time.monotonic()))
            if not self.listener:
                raise ConnectionError
            messages = sorted(found(), key=lambda message: -message[0][1])
        last = messages[0][0][1] if messages else after
        return "200 OK", json.dumps({"messages": messages, "next": str(last)})

    def do_ack(self, _session, words, _body):
        if self.drop_acks and words[1] == QUEUE:
            return "200 OK", ""
        with self.changed:
            self.acks.append((words[1], int(words[2])))
            self.queues.get(words[1], {"messages": {}})["messages"].pop(int(words[2]), None)
            self.changed.notify_all()
        return "200 OK", ""

    def do_list(self, _session, words, _body):
        with self.changed:
            alive = words[1] == "alive" and len(words) > 2
            prefix = words[-1]
            names = [name for name in self.queues if name.startswith(prefix) and (not alive or name in self.waited)]
        return "200 OK", json.dumps(names)

    def do_diagnostics(self, _session, _words, _body):
        with self.changed:
            def shown(transient):
                return {name: {"queue_contents": [], "next_transfer_expected": self.waited.get(name)}
                        for name, queue in self.queues.items() if bool(queue["owner"]) == transient}
            return "200 OK", json.dumps({"start_time": 0, "current_time": time.time_ns(),
                                         "permanent_queues": shown(False), "transient_queues": shown(True)})

    def forget_readers(self):
        """As when the time is over in which a reader that is gone was to come back."""
        with self.changed:
            self.waited = {}

    def left(self, name=QUEUE):
        """Messages that are not acknowledged."""
        with self.changed:
            return len(self.queues.get(name, {"messages": {}})["messages"])


class SwitchClient:
    """xenopsd through the switch: a transient queue of its own for answers."""

    made = 0

    def __init__(self, switch, service="xenopsd"):
        SwitchClient.made += 1
        self.switch, self.service, self.id = switch, service, 0
        self.queue = f"client {os.getpid()}/{SwitchClient.made}"
        self.session = f"session-{SwitchClient.made}"
        switch.make(self.queue, self.session)
        switch.make(QUEUE, None)

    def send(self, method, *params):
        self.id += 1
        body = json.dumps({"method": method, "params": ["dbg", *params], "id": self.id}, separators=(",", ":"))
        return self.send_raw(body)

    def send_raw(self, body):
        answer = json.loads(self.switch.put(QUEUE, body, ["Request", self.queue])[1])
        return answer[0][1]

    def raw_answer(self, number):
        with self.switch.changed:
            def answers():
                queue = self.switch.queues.get(self.queue, {"messages": {}})
                return [payload for payload, kind in queue["messages"].values() if kind == ["Response", [QUEUE, number]]]
            assert self.switch.changed.wait_for(answers, 120), "no answer"
            return answers()[-1]

    def answers_to(self, number):
        with self.switch.changed:
            return [payload for payload, kind in self.switch.queues[self.queue]["messages"].values()
                    if kind == ["Response", [QUEUE, number]]]

    def read(self, number):
        answer = json.loads(self.raw_answer(number))
        assert list(answer) == ["result", "error", "id"] and answer["id"] == 0, answer
        if answer["error"] is not None:
            assert answer["result"] is None
            raise Failure(answer["error"])
        return answer["result"]

    def call(self, method, *params):
        return self.read(self.send(method, *params))

    def die(self):
        with self.switch.changed:
            self.switch.end_session(self.session)
