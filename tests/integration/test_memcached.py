"""Answers kept in memcached: shared, sealed, as exact as in memory; and a server that is dead, slow or mad costs nothing."""

import os
import random
import signal
import socket
import struct
import threading
import time

import pytest

import trawl
from trawl import Daemon, patience, wait_for, write


class Memcached:
    """A real one on a unix socket."""

    def __init__(self, path):
        self.path = path
        self.process = None

    def start(self):
        user = ["-u", "root"] if os.geteuid() == 0 else []
        self.process = trawl.popen(["memcached", "-s", os.fspath(self.path), "-a", "0600", "-m", "64", "-t", "1", *user])
        wait_for(self.answers, 10)

    def answers(self):
        try:
            return self.ask(b"version\r\n").startswith(b"VERSION")
        except OSError:
            return False

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(10)
            trawl.forget(self.process)
            self.process = None
        trawl.unlink_quietly(self.path)

    def ask(self, line):
        """The whole answer to one line, as far as it ends with a line of its own."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(patience(5))
            s.connect(os.fspath(self.path))
            s.sendall(line)
            got = b""
            while not got.endswith((b"END\r\n", b"OK\r\n", b"STORED\r\n")) and not got.startswith(b"VERSION"):
                more = s.recv(1 << 16)
                if not more:
                    break
                got += more
            return got

    def items(self):
        return int(next(line.split()[2] for line in self.ask(b"stats\r\n").splitlines() if line.startswith(b"STAT curr_items ")))

    def names(self):
        return [line.split()[0][4:] for line in self.ask(b"lru_crawler metadump all\r\n").splitlines() if line.startswith(b"key=")]

    def values(self):
        return {name: self.ask(b"get " + name + b"\r\n") for name in self.names()}


class Fake:
    """Something that listens, and does with each connection what it is told."""

    def __init__(self, path, serve):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(os.fspath(path))
        self.socket.listen(64)
        self.serve = serve
        self.connections = []
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.connections.append(connection)
            threading.Thread(target=self.quietly, args=(connection,), daemon=True).start()

    def quietly(self, connection):
        try:
            self.serve(connection)
        except OSError:
            pass

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        for connection in self.connections:
            connection.close()


@pytest.fixture
def cache(tmp_path_factory):
    server = Memcached(tmp_path_factory.mktemp("m") / "memcached")
    server.start()
    yield server
    server.stop()


def prepare(daemon, place, ttl="1h"):
    daemon.config["memo"].update(storage=f"memcached:{place}", ttl=ttl)
    for i in range(50):
        write(daemon.root / f"{i}.txt", f"common number{i}")


@pytest.fixture
def shared(make_daemon, cache):
    daemon = make_daemon()
    prepare(daemon, cache.path)
    daemon.start()
    daemon.sync()
    return daemon


def commit_without_sync(daemon, name, text):
    before = daemon.status()["clock"]
    write(daemon.root / name, text, "rename")
    wait_for(lambda: daemon.status()["clock"] != before, 10)
    wait_for(lambda: daemon.explain(name)["verdict"] == "indexed", 10)


def same(first, second):
    told_anew = ("cached", "age_ms", "took_ms", "cursor")  # a cursor remembers when it was made
    return {k: v for k, v in first.items() if k not in told_anew} == {k: v for k, v in second.items() if k not in told_anew}


def test_kept_and_given(shared, cache):
    first = shared.search("common", limit=5)
    second = shared.search("common", limit=5)
    assert first["cached"] is False and second["cached"] is True and same(first, second)
    memo = shared.status()["memo"]
    assert memo["storage"] == "memcached" and memo["hits_exact"] == 1 and memo["entries"] == 0
    assert cache.items() == 1


def test_the_rules_are_the_same(shared):
    """Exact by the clock, stale within the time to live, nothing from below a floor."""
    shared.search("common", limit=1)
    assert shared.search("common", limit=1, max_age_ms=0)["cached"] is True
    commit_without_sync(shared, "new.txt", "common brandnew")
    stale = shared.search("common", limit=1)
    assert stale["cached"] is True and stale["total"] == 50 and stale["age_ms"] > 0
    assert shared.search("common", limit=1, max_age_ms=0)["total"] == 51
    write(shared.root / "newer.txt", "common")
    shared.sync()
    assert shared.search("common", limit=1)["total"] == 52


def test_the_ttl_ends(make_daemon, cache):
    daemon = make_daemon()
    prepare(daemon, cache.path, "300ms")
    daemon.start()
    daemon.sync()
    assert daemon.search("common")["total"] == 50
    commit_without_sync(daemon, "b.txt", "common too")
    wait_for(lambda: daemon.search("common")["total"] == 51, 3)


def test_it_outlives_the_daemon(shared, cache):
    first = shared.search("common", limit=5)
    shared.stop()
    shared.start()
    wait_for(lambda: shared.status()["state"] == "idle", 10)
    again = shared.search("common", limit=5)
    assert again["cached"] is True and same(first, again)
    # But what is no longer exact is not given for the sake of a time to live that another run began.
    shared.stop()
    write(shared.root / "meanwhile.txt", "common")
    shared.start()
    wait_for(lambda: shared.search("common", limit=5, max_age_ms=0)["total"] == 51, 10)
    # Not even of the clock that this run began with, once that is passed.
    wait_for(lambda: shared.status()["state"] == "idle", 10)
    shared.search("common", limit=5)
    shared.stop()
    shared.start()
    wait_for(lambda: shared.status()["state"] == "idle", 10)
    commit_without_sync(shared, "later.txt", "common later")
    assert shared.search("common", limit=5)["total"] == 52


def test_kept_warm(make_daemon, cache):
    """The hottest are asked again ahead, and lie there when they are asked for."""
    daemon = make_daemon()
    prepare(daemon, cache.path, "250ms")
    daemon.config["memo"]["warm"] = 2
    daemon.start()
    daemon.sync()
    for _ in range(3):
        daemon.search("common", limit=1)
    commit_without_sync(daemon, "new.txt", "common brandnew")
    wait_for(lambda: daemon.status()["memo"]["refreshed"] >= 1, 10)
    answer = daemon.search("common", limit=1, max_age_ms=0)
    assert answer["cached"] is True and answer["total"] == 51
    assert daemon.status()["memo"]["hits_ahead"] >= 1


def test_another_configuration_is_another_answer(shared, cache):
    shared.search("common", limit=5)
    shared.call("reload")
    assert shared.search("common", limit=5)["cached"] is False


def test_two_daemons_share_a_server(make_daemon, cache):
    one, two = make_daemon(name="a"), make_daemon(name="b")
    for daemon, count in ((one, 50), (two, 60)):
        prepare(daemon, cache.path)
        for i in range(count - 50):
            write(daemon.root / f"more{i}.txt", f"common more{i}")
        daemon.start()
        daemon.sync()
    for _ in range(2):
        assert one.search("common", limit=1)["total"] == 50
        assert two.search("common", limit=1)["total"] == 60
    assert one.status()["memo"]["hits_exact"] == two.status()["memo"]["hits_exact"] == 1


def test_nothing_lies_open(shared, cache):
    """Who can read the server reads neither words nor paths nor queries."""
    for query in ("common", "number7", "canarysecret"):
        write(shared.root / "c.txt", "canarysecret canarysecret")
        shared.sync()
        shared.search(query)
    values = cache.values()
    assert len(values) >= 3
    for name, value in values.items():
        assert b"canarysecret" not in name + value and b"number" not in value and os.fsencode(shared.root) not in value
    key = shared.state / "memo.key"
    assert key.stat().st_mode & 0o777 == 0o600 and key.stat().st_size == 32


def test_what_was_tampered_with_is_no_answer(shared, cache):
    right = shared.search("common", limit=5)
    other = shared.search("number7")
    rng = random.Random(7)
    names = cache.names()
    for _ in range(12):
        for name, value in cache.values().items():
            head, _, rest = value.partition(b"\r\n")
            data = bytearray(rest[:-len(b"\r\nEND\r\n")])
            kind = rng.randrange(4)
            if kind == 0:
                data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
            elif kind == 1:
                del data[rng.randrange(len(data)):]
            elif kind == 2:
                data += b"more"
            else:  # the value of the other
                swap = cache.ask(b"get " + names[1 - names.index(name)] + b"\r\n").partition(b"\r\n")[2]
                data = bytearray(swap[:-len(b"\r\nEND\r\n")])
            cache.ask(b"set %s 0 0 %d\r\n%s\r\n" % (name, len(data), data))
        assert same(shared.search("common", limit=5), right)
        assert same(shared.search("number7"), other)


def test_many_clients(shared):
    """One run for all, whoever of them was told to wait."""
    before = shared.counters()["queries"]
    clients = [shared.connect() for _ in range(50)]
    ids = [c.send("search", query="common OR number*", limit=50) for c in clients]
    assert {c.receive(i)["total"] for c, i in zip(clients, ids)} == {50}
    assert shared.counters()["queries"] - before <= 2
    for client in clients:
        client.close()


def quick_enough(daemon, count=40):
    """Seconds that `count` searches take, none of which may fail."""
    begin = time.monotonic()
    for i in range(count):
        assert daemon.search(f"number{i % 50}", limit=1, max_age_ms=0)["total"] == 1
    return time.monotonic() - begin


def outages(daemon):
    return daemon.counters()["memo_outages"]


def left_alone(daemon):
    return daemon.stderr_text().count("left alone")


def test_nobody_there(make_daemon, tmp_path):
    daemon = make_daemon()
    prepare(daemon, tmp_path / "absent")
    daemon.start()
    daemon.sync()
    assert quick_enough(daemon) < patience(2)
    assert outages(daemon) == 1 and left_alone(daemon) == 1


def test_it_dies_and_comes_back(shared, cache):
    shared.search("common")
    cache.process.send_signal(signal.SIGKILL)
    cache.process.wait(10)
    trawl.forget(cache.process)
    assert shared.search("common")["total"] == 50
    assert quick_enough(shared) < patience(2)
    trawl.unlink_quietly(cache.path)
    cache.start()
    wait_for(lambda: shared.search("common", limit=3)["cached"], 15, pause=0.2)
    assert "answers again" in shared.stderr_text() and left_alone(shared) == 1


@pytest.mark.parametrize("kind", ["silent", "stopped", "full"])
def test_one_that_never_answers(make_daemon, tmp_path, cache, kind):
    """It costs one time-out of 50 ms for each reader at most, then it is left alone for five seconds."""
    daemon = make_daemon()
    path = tmp_path / "fake"
    fake, plugs = None, []
    if kind == "silent":
        fake = Fake(path, lambda connection: time.sleep(60))
    elif kind == "stopped":
        cache.process.send_signal(signal.SIGSTOP)
        path = cache.path
    else:  # a listener whose queue is full: to connect is to wait
        fake = socket.socket(socket.AF_UNIX)
        fake.bind(os.fspath(path))
        fake.listen(0)
        for _ in range(4):
            plug = socket.socket(socket.AF_UNIX)
            plug.setblocking(False)
            try:
                plug.connect(os.fspath(path))
            except BlockingIOError:
                pass
            plugs.append(plug)
    prepare(daemon, path)
    daemon.start()
    daemon.sync()
    try:
        took = quick_enough(daemon)
        assert took < patience(2), took
        assert outages(daemon) == 1 and left_alone(daemon) == 1
        assert daemon.search("common", timeout_ms=int(patience(500)))["total"] == 50
    finally:
        if kind == "stopped":
            cache.process.send_signal(signal.SIGCONT)
        if fake:
            fake.close()
        for plug in plugs:
            plug.close()


def header(rng):
    """The head of a reply in the binary protocol, or nearly."""
    opcode, status = rng.choice([0, 1, 1, 0, 4, 0x0b, rng.randrange(256)]), rng.choice([0, 0, 1, 3, 0x82, rng.randrange(65536)])
    body = rng.choice([0, 4, 12, 400, 1 << 20, 1 << 31, (1 << 32) - 1])
    key, extra = rng.choice([0, 4, 250, 65535]), rng.choice([0, 4, 8, 255])
    return struct.pack(">BBHBBHIIQ", rng.choice([0x81, 0x81, 0x81, 0x80]), opcode, key, extra, 0, status, body, rng.choice([0, 1]), 0) + \
        rng.randbytes(min(body, rng.choice([0, 4, 12, 400, 5000])))


def garbage(seed):
    rng = random.Random(seed)
    lines = [b"\r\n", b"END\r\n", b"STORED\r\n", b"VALUE\r\n", b"VALUE x 0 99999999999999999999\r\n", b"VALUE x 0 4294967295\r\n",
             b"VALUE x 0 -1\r\nx\r\nEND\r\n", b"VALUE %s 0 10\r\n0123456789\r\nEND\r\n" % (b"k" * 43), b"ERROR\r\n", b"SERVER_ERROR\r\n",
             b"CLIENT_ERROR bad\r\n", b"\0" * 100, b"\xff" * 5000, b"VALUE " + b"k" * 9000, b"VALUE a 0 5\r\nabc"]

    def serve(connection):
        while connection.recv(1 << 16):
            if seed % 2:
                reply = header(rng)
            else:
                reply = rng.choice(lines) if rng.random() < 0.7 else rng.randbytes(rng.randrange(1, 3000))
            connection.sendall(reply)
    return serve


@pytest.mark.parametrize("seed", range(40) if trawl.FULL else range(5))
def test_one_that_talks_nonsense(make_daemon, tmp_path, seed):
    daemon = make_daemon()
    fake = Fake(tmp_path / "fake", garbage(seed))
    prepare(daemon, tmp_path / "fake")
    daemon.start()
    daemon.sync()
    try:
        end = time.monotonic() + patience(0.4)
        while time.monotonic() < end:
            assert daemon.search("common", limit=1, max_age_ms=0)["total"] == 50
            if seed < 4:
                daemon.call("reload")  # begins anew, rested or not
        assert quick_enough(daemon) < patience(2)
    finally:
        fake.close()


def test_one_that_drips(make_daemon, tmp_path):
    """A byte now and then is never silence, and still the answer takes too long."""
    def serve(connection):
        while connection.recv(1 << 16):
            for byte in struct.pack(">BBHBBHIIQ", 0x81, 0, 0, 4, 0, 0, 1000, 0, 0) + bytes(1000):
                connection.sendall(bytes([byte]))
                time.sleep(0.02)

    daemon = make_daemon()
    fake = Fake(tmp_path / "fake", serve)
    prepare(daemon, tmp_path / "fake")
    daemon.start()
    daemon.sync()
    try:
        begin = time.monotonic()
        assert daemon.search("common", limit=1)["total"] == 50
        assert time.monotonic() - begin < patience(1)
        assert outages(daemon) == 1
    finally:
        fake.close()


def test_system_mode_refuses_it(make_daemon, tmp_path):
    daemon = make_daemon()
    daemon.config["daemon"]["mode"] = "system"
    daemon.config["memo"]["storage"] = "memcached:127.0.0.1:11211"
    daemon.write_config()
    result = trawl.run(daemon.argv("--check-config"), env=daemon.environment())
    assert result.returncode == trawl.EX_CONFIG
    line = next(i for i, text in enumerate(daemon.config.text().splitlines(), 1) if text.startswith("storage"))
    assert f"trawld.conf:{line}: section [memo], key storage".encode() in result.stderr, result.stderr
    assert b"not in system mode" in result.stderr


@pytest.mark.parametrize("value", ["memcached:", "memcached:localhost", "memcached:localhost:0", "memcached:localhost:65536",
                                   "memcached:::1:11211", "memcached:[::1:11211", "memcached:a b:1", "memcached:/" + "x" * 200])
def test_places_that_are_none(make_daemon, value):
    daemon = make_daemon()
    daemon.config["memo"]["storage"] = value
    daemon.write_config()
    result = trawl.run(daemon.argv("--check-config"), env=daemon.environment())
    assert result.returncode == trawl.EX_CONFIG and b"key storage" in result.stderr, result.stderr


def test_over_the_network_as_well(make_daemon):
    """HOST:PORT, on loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    user = ["-u", "root"] if os.geteuid() == 0 else []
    server = trawl.popen(["memcached", "-l", "127.0.0.1", "-p", str(port), "-U", "0", "-t", "1", *user])
    try:
        daemon = make_daemon()
        prepare(daemon, f"127.0.0.1:{port}")
        daemon.start()
        daemon.sync()
        wait_for(lambda: daemon.search("common", limit=2)["cached"], 15, pause=0.1)
    finally:
        server.terminate()
        server.wait(10)
        trawl.forget(server)
