# SPDX-License-Identifier: LGPL-2.1-or-later
"""A Xen host for tests: the real ballast and ballastd run on it through the real libxenctrl and libxenstore.

Two borders are stood in for: the kernel's /dev/xen and /proc/xen by device.c, which is preloaded, and xenstored by
a server here that speaks its protocol (the public header io/xs_wire.h) over a socket. See README.md.
"""

import argparse
import collections
import contextlib
import errno
import fcntl
import json
import mmap
import os
import pathlib
import selectors
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import uuid as uuids

PAGE = 4096
DOMAINS = 4096
DYING, HVM, SHUTDOWN, PAUSED, BLOCKED = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 4
# Why a domain has shut down: XEN_DOMINF_shutdownshift in public/domctl.h, SHUTDOWN_* in public/sched.h.
REASON_SHIFT, POWEROFF, REBOOT, CRASH = 16, 0, 1, 3
EMULATES_PIC = 1 << 5
STORE = 1 << 7  # XEN_DOMINF_xs_domain
SUSPENDED = SHUTDOWN | 2 << 16
HAP = 1 << 3
FAULTS = {"list": 1, "physinfo": 2, "availheap": 3, "max-mem": 4, "pool": 5, "claim": 6, "pod-get": 7, "pod-set": 8,
          "version": 9, "listed": 10, "create": 11, "destroyed": 12}
FOREVER = 0xFFFF
NONE = (1 << 64) - 1
HEADER = struct.Struct("<8sQQQIIIIQQ16s1024s")
FAULT = struct.Struct("<IiII")
LEAST_CLAIMED = struct.Struct("<Q")
RECORD = struct.Struct("<IIII16sQQQQQQQQ32x")
VIRQ_ENOMEM = 12

(CONTROL, DIRECTORY, READ, GET_PERMS, WATCH, UNWATCH, TRANSACTION_START, TRANSACTION_END, INTRODUCE, RELEASE,
 GET_DOMAIN_PATH, WRITE, MKDIR, RM, SET_PERMS, WATCH_EVENT, ERROR, IS_DOMAIN_INTRODUCED, RESUME, SET_TARGET, _,
 RESET_WATCHES, DIRECTORY_PART) = range(23)
OPERATIONS = {"directory": DIRECTORY, "read": READ, "watch": WATCH, "unwatch": UNWATCH, "write": WRITE,
              "transaction-start": TRANSACTION_START, "transaction-end": TRANSACTION_END}
PAYLOAD = 4096


def number_of(code):
    return code if isinstance(code, int) else getattr(errno, code)


class StoreError(Exception):
    """What xenstored answers with: the name of an errno."""


class Transaction:
    def __init__(self, began):
        self.began = began
        self.seen = set()
        self.changes = {}


class Client:
    def __init__(self, connection):
        self.socket = connection
        self.received = b""
        self.queue = collections.deque()
        self.queued_events = set()
        self.watches = set()
        self.transactions = {}

    def send_event(self, path, token):
        """xenstored does not queue the same event twice (since XSA-326)."""
        body = path.encode() + b"\0" + token + b"\0"
        if body not in self.queued_events:
            self.queued_events.add(body)
            self.queue.append(struct.pack("<IIII", WATCH_EVENT, 0, 0, len(body)) + body)

    def send(self, kind, request, transaction, body):
        self.queue.append(struct.pack("<IIII", kind, request, transaction, len(body)) + body)

    def flush(self):
        while self.queue:
            message = self.queue[0]
            try:
                sent = self.socket.send(message, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
            except BlockingIOError:
                return
            except OSError:
                self.queue.clear()
                return
            if sent < len(message):
                self.queue[0] = message[sent:]
                return
            self.queue.popleft()
            if len(message) >= 16 and message[:4] == b"\x0f\0\0\0":
                self.queued_events.discard(message[16:])


class Store:
    """The tree, its watches and its transactions. Whoever calls holds the host's lock."""

    def __init__(self):
        self.nodes = {"/": b""}
        self.children = {"/": set()}
        self.changed = {}
        self.generation = 0
        self.watches = collections.defaultdict(set)  # path -> {(client, token)}
        self.events = 0
        self.requests = collections.Counter()
        self.reads = collections.Counter()  # by path
        self.faults = []  # [operation, prefix, word, times]

    @staticmethod
    def full(path):
        if path.startswith("@"):
            return path
        path = path if path.startswith("/") else "/local/domain/0/" + path
        return path.rstrip("/") or "/"

    def fire(self, path):
        at = path
        while True:
            for client, token in list(self.watches.get(at, ())):
                self.events += 1
                client.send_event(path, token)
            if at == "/" or at.startswith("@"):
                break
            at = at.rpartition("/")[0] or "/"
        self.changed[path] = self.generation

    def put(self, path, value):
        self.generation += 1
        parent, _, name = path.rpartition("/")
        if path not in self.nodes and path != "/":
            if (parent or "/") not in self.nodes:
                self.put(parent or "/", b"")
            self.children[path] = set()
            self.children[parent or "/"].add(name)
        self.nodes[path] = value
        self.fire(path)

    def remove(self, path):
        if path not in self.nodes:
            raise StoreError("ENOENT")
        self.generation += 1
        gone = [p for p in self.nodes if p == path or p.startswith(path + "/")]
        for each in gone:
            del self.nodes[each]
            del self.children[each]
            self.changed[each] = self.generation
        parent, _, name = path.rpartition("/")
        self.children[parent or "/"].discard(name)
        self.fire(path)
        # A watch below what is removed is told of its own path.
        for each in [p for p in self.watches if p.startswith(path + "/")]:
            for client, token in self.watches[each]:
                self.events += 1
                client.send_event(each, token)

    def strike(self, kind, path):
        for fault in self.faults:
            if fault[0] == kind and path.startswith(fault[1]) and fault[3] > 0:
                fault[3] -= 1
                raise StoreError(fault[2])

    def answer(self, client, kind, number, body):
        words = body.split(b"\0")
        path = self.full(words[0].decode(errors="replace"))
        self.requests[kind] += 1
        if kind == READ:
            self.reads[path] += 1
        self.strike(kind, path)
        transaction = client.transactions.get(number) if number else None
        if number and not transaction and kind != TRANSACTION_END:
            raise StoreError("ENOENT")
        method = {READ: self.read, DIRECTORY: self.directory, WRITE: self.write, MKDIR: self.make, RM: self.rm}
        if kind in method:
            return method[kind](transaction, path, body)
        if kind == WATCH:
            return self.watch(client, path, words[1])
        if kind == UNWATCH:
            return self.unwatch(client, path, words[1])
        if kind == TRANSACTION_START:
            new = max(client.transactions, default=0) + 1
            client.transactions[new] = Transaction(self.generation)
            return b"%d\0" % new
        if kind == TRANSACTION_END:
            return self.commit(client, number, words[0] == b"T")
        if kind == GET_PERMS:
            return b"n0\0"
        if kind == GET_DOMAIN_PATH:
            return b"/local/domain/" + words[0] + b"\0"
        if kind == IS_DOMAIN_INTRODUCED:
            return b"T\0" if "/local/domain/" + words[0].decode() in self.nodes else b"F\0"
        if kind in (SET_PERMS, RESET_WATCHES, RELEASE, INTRODUCE, RESUME):
            return b"OK\0"
        raise StoreError("EINVAL")

    def read(self, transaction, path, _body=b""):
        if transaction:
            transaction.seen.add(path)
            if path in transaction.changes:
                return transaction.changes[path]
        if path not in self.nodes:
            raise StoreError("ENOENT")
        return self.nodes[path]

    def directory(self, transaction, path, _body=b""):
        if transaction:
            transaction.seen.add(path)
        if path not in self.nodes:
            raise StoreError("ENOENT")
        listing = b"".join(name.encode() + b"\0" for name in sorted(self.children[path]))
        if len(listing) > PAYLOAD:
            raise StoreError("E2BIG")
        return listing

    def write(self, transaction, path, body):
        value = body.split(b"\0", 1)[1]
        if transaction:
            transaction.seen.add(path)
            transaction.changes[path] = value
        else:
            self.put(path, value)
        return b"OK\0"

    def make(self, transaction, path, _body):
        if path not in self.nodes:
            return self.write(transaction, path, b"\0")
        return b"OK\0"

    def rm(self, _transaction, path, _body):
        self.remove(path)
        return b"OK\0"

    def watch(self, client, path, token):
        if (path, token) in client.watches:
            raise StoreError("EEXIST")
        client.watches.add((path, token))
        self.watches[path].add((client, token))
        return b"OK\0"

    def unwatch(self, client, path, token):
        if (path, token) not in client.watches:
            raise StoreError("ENOENT")
        client.watches.discard((path, token))
        self.watches[path].discard((client, token))
        if not self.watches[path]:
            del self.watches[path]
        return b"OK\0"

    def commit(self, client, number, commit):
        transaction = client.transactions.pop(number, None)
        if not transaction:
            raise StoreError("ENOENT")
        if not commit:
            return b"OK\0"
        if any(self.changed.get(path, 0) > transaction.began for path in transaction.seen):
            raise StoreError("EAGAIN")
        for path, value in transaction.changes.items():
            self.put(path, value)
        return b"OK\0"

    def forget(self, client):
        for path, token in client.watches:
            self.watches[path].discard((client, token))
            if not self.watches[path]:
                del self.watches[path]


class Domain:
    """One domain; its figures are those of the table, in pages where Xen has pages."""

    FIELDS = ("domid", "flags", "vcpus", "emulation", "uuid", "tot_pages", "max_pages", "claimed_pages", "pool_bytes",
              "lost_pages", "pod_cache_pages", "pod_entries", "claim_calls")

    def __init__(self, xen, domid, down_kib, up_kib, stops_kib, follows, extra_kib):
        self.extra_kib = extra_kib
        self.xen, self.domid = xen, domid
        self.path = f"/local/domain/{domid}"
        self.down_kib, self.up_kib, self.stops_kib, self.follows = down_kib, up_kib, stops_kib, follows

    def get(self):
        with self.xen.table() as table:
            return table.record(self.domid)

    def set(self, **changes):
        with self.xen.table() as table:
            table.change(self.domid, changes)

    @property
    def current_kib(self):
        return self.get()["tot_pages"] * 4

    def write(self, node, value):
        self.xen.write(f"{self.path}/{node}", value)

    def read(self, node):
        return self.xen.read(f"{self.path}/{node}")


class Table:
    """FAKEXEN/host: what hypercalls are carried out on. device.c has the same layout."""

    def __init__(self, path):
        self.file = open(path, "w+b")
        self.file.truncate(PAGE + DOMAINS * RECORD.size)
        self.map = mmap.mmap(self.file.fileno(), PAGE + DOMAINS * RECORD.size)
        self.changes = 0

    def lock(self):
        fcntl.flock(self.file, fcntl.LOCK_EX)

    def unlock(self):
        fcntl.flock(self.file, fcntl.LOCK_UN)

    def header(self):
        return list(HEADER.unpack_from(self.map, 0))

    def put_header(self, values):
        HEADER.pack_into(self.map, 0, *values)

    def put_count(self, count):
        self.put_header([*self.header()[:7], count, *self.header()[8:]])

    @property
    def ids(self):
        """As they are now: programs create and destroy domains, too."""
        return [RECORD.unpack_from(self.map, PAGE + i * RECORD.size)[0] for i in range(self.header()[7])]

    def at(self, domid):
        return PAGE + self.ids.index(domid) * RECORD.size

    def record(self, domid):
        return dict(zip(Domain.FIELDS, RECORD.unpack_from(self.map, self.at(domid))))

    def change(self, domid, changes):
        record = self.record(domid) | changes
        RECORD.pack_into(self.map, self.at(domid), *record.values())

    def insert(self, record):
        ids = sorted([*self.ids, record["domid"]])
        at = PAGE + ids.index(record["domid"]) * RECORD.size
        end = PAGE + len(ids) * RECORD.size
        self.map[at + RECORD.size:end] = self.map[at:end - RECORD.size]
        RECORD.pack_into(self.map, at, *record.values())
        self.put_count(len(ids))

    def remove(self, domid):
        count = len(self.ids)
        at, end = self.at(domid), PAGE + count * RECORD.size
        self.map[at:end - RECORD.size] = self.map[at + RECORD.size:end]
        self.put_count(count - 1)

    def free_pages(self):
        header = self.header()
        held = header[2]
        for domid in self.ids:
            record = self.record(domid)
            held += (record["tot_pages"] + record["lost_pages"] + record["pod_cache_pages"] +
                     record["pool_bytes"] // PAGE)
        return header[1] - held


class FakeXen:
    """A host for as long as its `with` lasts. Every method may be called while programs run on it."""

    def __init__(self, total_mib=65536, dom0_mib=1024, version=(4, 17), shim=None):
        self.shim = shim or os.environ["FAKEXEN_SHIM"]
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="fakexen."))
        self.lock = threading.RLock()
        self.store = Store()
        self.domains = {}
        self.clients = {}
        self.listeners = []
        self.bound = None
        self.masked = self.raised = False
        self.ending = False
        self.next_id = 0
        self.make_devices()
        self._table = Table(self.root / "host")
        self._table.put_header([b"FAKEXEN1", total_mib * 256, 16384, 0, *version, HAP | 1 | 2, 0, 1 << 31, 0,
                                b".5-fake", b"dom0_mem=1024M"])
        self.add("Domain-0", memory_mib=dom0_mib, maxmem_mib=dom0_mib, type="pv", vcpus=4)
        self.selector = selectors.DefaultSelector()
        self.wake_out, self.wake_in = os.pipe()
        self.selector.register(self.wake_out, selectors.EVENT_READ, None)
        self.store_listener = self.listen(self.store_socket, socket.SOCK_STREAM, self.accept_store)
        self.listen(self.root / "evtchn", socket.SOCK_SEQPACKET, self.accept_evtchn)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    # What programs run with

    @property
    def store_socket(self):
        return self.root / "xenstored" / "socket"

    def env(self, **more):
        """The environment of a program that is to run on this host."""
        asan = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
        return {**os.environ, "FAKEXEN": str(self.root), "XENSTORED_PATH": str(self.store_socket),
                "BALLAST_STATE_DIR": str(self.root / "state"), "LD_PRELOAD": self.shim, "ASAN_OPTIONS": asan, **more}

    # Devices

    def make_devices(self):
        (self.root / "xenstored").mkdir()
        for folder in ("dev/xen", "proc/xen"):
            (self.root / folder).mkdir(parents=True)
        for device in ("dev/xen/privcmd", "dev/xen/hypercall", "dev/xen/evtchn", "proc/xen/privcmd"):
            (self.root / device).touch()

    def device(self, name, code=None, there=True):
        """Opening `name` ("dev/xen/privcmd" ...) fails with `code` from now on, None: with nothing."""
        path = self.root / name
        path.unlink(missing_ok=True)
        if there:
            path.write_text(str(number_of(code)) if code else "")

    # Xen

    @contextlib.contextmanager
    def table(self):
        with self.lock:
            self._table.lock()
            try:
                yield self._table
            finally:
                self._table.unlock()

    def free_kib(self):
        with self.table() as table:
            return table.free_pages() * 4

    def hypercalls(self):
        with self.table() as table:
            return table.header()[9]

    def fail(self, what, code, times=FOREVER):
        """Hypercall `what` (a key of FAULTS) fails with errno `code`; times=0 mends it. "destroyed": the caller is killed after it."""
        with self.table() as table:
            for i in range(16):
                at = HEADER.size + i * FAULT.size
                if FAULT.unpack_from(table.map, at)[0] in (0, FAULTS[what]):
                    FAULT.pack_into(table.map, at, FAULTS[what], number_of(code), times, 0)
                    return

    def least_claimed_kib(self, forget=False):
        """The least that was claimed after a claim was withdrawn, since it was forgotten last; None: none was."""
        with self.table() as table:
            at = HEADER.size + 16 * FAULT.size
            pages = LEAST_CLAIMED.unpack_from(table.map, at)[0]
            if forget:
                LEAST_CLAIMED.pack_into(table.map, at, NONE)
        return None if pages == NONE else pages * 4

    def faults_left(self, what):
        with self.table() as table:
            faults = [FAULT.unpack_from(table.map, HEADER.size + i * FAULT.size) for i in range(16)]
            return sum(fault[2] for fault in faults if fault[0] == FAULTS[what])

    def build_between(self, pages, times=1):
        """The newest domain takes so many pages right after domains were listed, so many times."""
        self.fail("listed", pages, times)

    def add(self, name, memory_mib=512, maxmem_mib=None, min_mib=None, type="pvh", balloon=True, vcpus=1, video_mib=0,
            pool_kib=1024, lost_kib=1024, paused=False, down_kib=1 << 20, up_kib=1 << 20, stops_mib=0, follows=True,
            uuid=None, tot_mib=None, extra_kib=0, store=False, built=True):
        """A domain, as a toolstack leaves it when it has built one, or not yet. Rates are KiB a second."""
        maxmem_mib = maxmem_mib or memory_mib
        with self.lock:
            with self.table() as table:
                domid = max([self.next_id, *(id + 1 for id in table.ids)])
            self.next_id = domid + 1
            uuid = uuid or struct.pack("<QQ", 0x66616b6578656e00, domid)
            flags = (HVM if type != "pv" else 0) | (PAUSED if paused else 0) | BLOCKED | (STORE if store else 0)
            pages = (memory_mib if tot_mib is None else tot_mib) * 256 + extra_kib // 4
            with self.table() as table:
                table.insert(dict(zip(Domain.FIELDS, (
                    domid, flags, vcpus, EMULATES_PIC if type == "hvm" else 0, uuid, pages,
                    maxmem_mib * 256 + 256, 0, pool_kib * 1024 if type != "pv" else 0, lost_kib // 4, 0, 0, 0))))
            domain = self.domains[domid] = Domain(self, domid, down_kib, up_kib, stops_mib * 1024, follows,
                                                   extra_kib)
            self.describe(domain, name, memory_mib - video_mib, maxmem_mib, min_mib, video_mib, balloon)
            if not built:
                self.store.remove(f"{domain.path}/memory/target")  # libxl writes it last
            self.store.fire("@introduceDomain")
            self.flush()
            return domain

    def describe(self, domain, name, memory_mib, maxmem_mib, min_mib, video_mib, balloon):
        nodes = {"": "", "name": name, "domid": domain.domid, "memory/target": memory_mib * 1024,
                 "memory/static-max": maxmem_mib * 1024}
        if video_mib:
            nodes["memory/videoram"] = video_mib * 1024
        if min_mib:
            nodes |= {"memory/dynamic-min": min_mib * 1024, "memory/dynamic-max": maxmem_mib * 1024}
        if balloon and domain.domid:
            nodes |= {"control/feature-balloon": 1, "control/feature-suspend": 1, "control/shutdown": ""}
        for node, value in nodes.items():
            self.store.put(f"{domain.path}/{node}".rstrip("/"), str(value).encode())

    def configure(self, domain, **config):
        """libxl keeps that as its configuration, with a NUL at its end."""
        folder = self.root / "var/lib/xen"
        folder.mkdir(parents=True, exist_ok=True)
        name = uuids.UUID(bytes=bytes(domain.get()["uuid"]))
        text = json.dumps({"c_info": {"type": "pvh", "uuid": str(name)}, "b_info": {"type.pvh": {}}, **config})
        (folder / f"userdata-d.{domain.domid}.{name}.libxl-json").write_text(text + "\0")

    def unconfigure(self, domain):
        for file in (self.root / "var/lib/xen").glob(f"userdata-d.{domain.domid}.*"):
            file.unlink()

    def shut_down(self, domain, reason):
        """It stops and says why; it keeps its memory until it is destroyed."""
        domain.set(flags=domain.get()["flags"] & ~BLOCKED | SHUTDOWN | reason << REASON_SHIFT)
        with self.lock:
            self.store.fire("@releaseDomain")
            self.flush()

    def kill(self, domain):
        """It is being destroyed, and has all its memory yet; remove() ends it."""
        domain.set(flags=domain.get()["flags"] | DYING)
        with self.lock:
            self.store.remove(domain.path)
            self.store.fire("@releaseDomain")
            self.flush()

    def remove(self, domain):
        with self.lock:
            with self.table() as table:
                table.remove(domain.domid)
            del self.domains[domain.domid]
            if domain.path in self.store.nodes:
                self.store.remove(domain.path)
            self.store.fire("@releaseDomain")
            self.flush()

    def move(self, seconds):
        """Every balloon goes towards its target for so long, at its rate."""
        with self.lock:
            for domain in self.domains.values():
                if domain.follows:
                    self.move_one(domain, seconds)

    def move_one(self, domain, seconds):
        try:
            target = int(self.store.nodes[f"{domain.path}/memory/target"])
            video = int(self.store.nodes.get(f"{domain.path}/memory/videoram", b"0"))
        except (KeyError, ValueError):
            return
        with self.table() as table:
            if domain.domid not in table.ids:
                return  # a program has destroyed it, and has its nodes still to remove
            record = table.record(domain.domid)
            now, goal = record["tot_pages"], max(target + max(video, 0) + domain.extra_kib, domain.stops_kib) // 4
            if goal == now or record["flags"] & (PAUSED | DYING):
                return
            if goal < now:
                new = max(goal, now - max(int(domain.down_kib * seconds) // 4, 1))
            else:
                room = min(record["max_pages"] - now, table.free_pages())
                new = now + max(min(goal - now, max(int(domain.up_kib * seconds) // 4, 1), room), 0)
            table.change(domain.domid, {"tot_pages": new})

    # xenstore

    def write(self, path, value):
        with self.lock:
            self.store.put(path, str(value).encode())
            self.flush()

    def read(self, path):
        with self.lock:
            value = self.store.nodes.get(path)
            return None if value is None else value.decode()

    def store_fails(self, operation, code, prefix="/", times=1 << 60):
        """xenstored answers `operation` (a key of OPERATIONS) below `prefix` with `code`, so many times."""
        with self.lock:
            kind = OPERATIONS[operation]
            self.store.faults = [f for f in self.store.faults if (f[0], f[1]) != (kind, prefix)]
            if times:
                self.store.faults.append([kind, prefix, code.encode(), times])

    def watch_count(self):
        with self.lock:
            return sum(len(watchers) for watchers in self.store.watches.values())

    def watched(self, path):
        with self.lock:
            return bool(self.store.watches.get(path))

    def flush(self):
        for client in self.clients.values():
            client.flush()
            if client.queue:
                os.write(self.wake_in, b"x")

    # Xen's own word that little memory is free

    def say_low(self):
        with self.lock:
            if self.bound:
                self.raised = True
                self.tell_port()

    def tell_port(self):
        """A port that is raised while it is masked is told of when it no longer is."""
        if self.raised and not self.masked:
            self.raised, self.masked = False, True
            self.bound.send(struct.pack("<I", 1))

    # Serving

    def listen(self, path, kind, accept):
        listener = socket.socket(socket.AF_UNIX, kind)
        listener.bind(str(path))
        listener.listen(16)
        self.listeners.append(listener)
        self.selector.register(listener, selectors.EVENT_READ, lambda: accept(listener))
        return listener

    def accept_store(self, listener):
        connection, _ = listener.accept()
        client = self.clients[connection] = Client(connection)
        self.selector.register(connection, selectors.EVENT_READ, lambda: self.store_turn(client))

    def drop(self, client):
        self.selector.unregister(client.socket)
        del self.clients[client.socket]
        self.store.forget(client)
        client.socket.close()

    def stop_store(self):
        """xenstored dies: its connections break, nobody listens. The tree is there when it starts again."""
        with self.lock:
            self.selector.unregister(self.store_listener)
            self.listeners.remove(self.store_listener)
            self.store_listener.close()
            for client in list(self.clients.values()):
                self.drop(client)

    def start_store(self):
        with self.lock:
            self.store_socket.unlink(missing_ok=True)
            self.store_listener = self.listen(self.store_socket, socket.SOCK_STREAM, self.accept_store)
        os.write(self.wake_in, b"x")

    def store_turn(self, client):
        try:
            data = client.socket.recv(65536, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.drop(client)
            return
        client.received += data
        while len(client.received) >= 16:
            kind, request, transaction, length = struct.unpack_from("<IIII", client.received)
            if len(client.received) < 16 + length:
                break
            body, client.received = client.received[16:16 + length], client.received[16 + length:]
            self.answer(client, kind, request, transaction, body)

    def answer(self, client, kind, request, transaction, body):
        try:
            value = self.store.answer(client, kind, transaction, body)
            client.send(kind, request, transaction, value)
            if kind == WATCH:  # its own path, at once, and behind the answer
                path, token, *_ = body.split(b"\0")
                self.store.events += 1
                client.send_event(path.decode(), token)
        except StoreError as refusal:
            word = refusal.args[0]
            client.send(ERROR, request, transaction, (word if isinstance(word, bytes) else word.encode()) + b"\0")

    def accept_evtchn(self, listener):
        connection, _ = listener.accept()
        self.selector.register(connection, selectors.EVENT_READ, lambda: self.evtchn_turn(connection))

    def evtchn_turn(self, connection):
        data = connection.recv(64)
        if not data:
            self.selector.unregister(connection)
            if self.bound is connection:
                self.bound, self.masked, self.raised = None, False, False
            connection.close()
        elif self.bound is connection:
            self.masked = False
            self.tell_port()
        elif self.bound or struct.unpack("<I", data)[0] != VIRQ_ENOMEM:
            connection.send(struct.pack("<i", -errno.EEXIST if self.bound else -errno.ENOSYS))
        else:
            self.bound = connection
            connection.send(struct.pack("<i", 1))

    def serve(self):
        last = time.monotonic()
        while not self.ending:
            ready = self.selector.select(0.02)
            with self.lock:
                for key, _ in ready:
                    if key.fd not in self.selector.get_map():
                        continue  # it was closed meanwhile
                    if key.data:
                        key.data()
                    else:
                        os.read(self.wake_out, 4096)
                for client in self.clients.values():
                    client.flush()
                now = time.monotonic()
                if now - last >= 0.02:
                    self.move(now - last)
                    last = now

    def close(self):
        self.ending = True
        os.write(self.wake_in, b"x")
        self.thread.join()
        for each in [*self.listeners, *self.clients]:
            each.close()
        self.selector.close()
        os.close(self.wake_in)
        os.close(self.wake_out)
        shutil.rmtree(self.root)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def main():
    parser = argparse.ArgumentParser(description="Runs a command on a Xen host that is none.")
    parser.add_argument("--domains", type=int, default=4, help="guests besides dom0 (4)")
    parser.add_argument("--shim", default=os.environ.get("FAKEXEN_SHIM"), help="fakexen.so ($FAKEXEN_SHIM)")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    command = [word for i, word in enumerate(options.command) if (i, word) != (0, "--")]
    with FakeXen(shim=options.shim) as xen:
        for i in range(options.domains):
            xen.add(f"vm{i + 1}", memory_mib=256, maxmem_mib=512, min_mib=128)
        return subprocess.run(command, env=xen.env(), check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
