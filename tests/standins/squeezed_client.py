# SPDX-License-Identifier: LGPL-2.1-or-later
"""A client of squeezed as xenopsd and xapi are: XML-RPC with bare numbers in HTTP, one connection a call."""

import socket
import xml.etree.ElementTree as tree


class Failure(Exception):
    """Status = Failure: the error, a text or [text, value]."""

    def __init__(self, error):
        super().__init__(str(error))
        self.error = error


def escape(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def body_of(method, *params):
    values = "".join(f"<param><value>{escape(str(param))}</value></param>" for param in params)
    return (f'<?xml version="1.0"?><methodCall><methodName>{method}</methodName>'
            f"<params>{values}</params></methodCall>").encode()


def request_of(body, path="/var/xapi/memory"):
    head = (f"POST {path} HTTP/1.1\r\ncontent-length: {len(body)}\r\nhost: localhost\r\n"
            "user-agent: test\r\n\r\n")
    return head.encode() + body


def value_of(element):
    """Of <value>: a text, None for <nil/>, a list."""
    assert element.tag == "value", element.tag
    if len(element) == 0:
        return element.text or ""
    inner = element[0]
    if inner.tag == "array":
        return [value_of(value) for value in inner[0]]
    assert inner.tag == "nil", inner.tag
    return None


def result_of(body):
    root = tree.fromstring(body)
    struct = root.find("params/param/value/struct")
    members = {member.find("name").text: value_of(member.find("value")) for member in struct}
    if members["Status"] == "Success":
        assert set(members) == {"Status", "Value"}, members
        return members["Value"]
    assert members["Status"] == "Failure" and set(members) == {"Status", "ErrorDescription"}, members
    raise Failure(members["ErrorDescription"])


class Squeezed:
    def __init__(self, path, service="xenopsd"):
        self.path, self.service = str(path), service

    def connect(self):
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(600)
        client.connect(self.path)
        return client

    @staticmethod
    def read_all(client):
        data = b""
        while True:
            try:
                piece = client.recv(65536)
            except ConnectionResetError:
                return data
            if not piece:
                return data
            data += piece

    def raw(self, data):
        """All that is answered to these bytes; b"": it was closed without an answer."""
        with self.connect() as client:
            try:
                client.sendall(data)
            except (BrokenPipeError, ConnectionResetError):
                pass
            return self.read_all(client)

    @staticmethod
    def parse(data):
        head, _, body = data.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200 "):
            raise EOFError(data)
        assert f"content-length: {len(body)}".encode() in head.lower(), head
        return result_of(body)

    def send(self, method, *params):
        """A connection with the call under way; read() is its answer."""
        client = self.connect()
        client.sendall(request_of(body_of(method, "dbg", *params)))
        return client

    def read(self, client):
        with client:
            return self.parse(self.read_all(client))

    def call(self, method, *params):
        return self.read(self.send(method, *params))

    def login(self):
        return self.call("login", self.service)

    def reserve_range(self, least, most):
        id_, kib = self.call("reserve_memory_range", self.service, least, most)
        assert least <= int(kib) <= most, (least, kib, most)
        return id_, int(kib)

    def transfer(self, id_, domid):
        return self.call("transfer_reservation_to_domain", self.service, id_, domid)

    def delete(self, id_):
        return self.call("delete_reservation", self.service, id_)

    def query(self, domid):
        return self.call("query_reservation_of_domain", self.service, domid)


def fails(error, function, *params):
    """error: the name, or name and value; the whole error."""
    try:
        answer = function(*params)
    except Failure as failure:
        name = failure.error if isinstance(failure.error, str) else failure.error[0]
        assert error in (name, failure.error), failure
        return failure.error
    raise AssertionError(f"{params} was answered: {answer}")
