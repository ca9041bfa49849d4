"""box: a container type for tests, as scripts: a document is a JSON object that tells its converter what to answer.

    {"text": "…", "meta": {…}, "steps": [["part", PATH, CONTENT], …]}

CONTENT is a string, or an object: a box again, which may be {"reroute": TYPE} as well.  Steps:

    ["part", path, content, type?]      a part, whole
    ["fail", path, status, detail]      a part that cannot be given
    ["many", n, path, content]          n parts; %d in path and content is the number
    ["big", path, bytes]                a part of so many bytes of blanks
    ["self", path]                      this very document
    ["endless", path]                   parts without end
    ["flood", path]                     one part without end
    ["sleep", seconds] ["crash"] ["garbage"] ["done", status, detail]

Lines of text that begin with "!" make the converter of plain parts (ink) misbehave: !crash, !hang.
"""

import collections
import json
import os
import sqlite3

BOX = r"""#!/usr/bin/python3 -SE
import json, os, signal, socket, struct, sys, time
channel = socket.socket(fileno=3)
waiting = bytearray()
def flush():
    channel.sendall(waiting)
    waiting.clear()
def record(kind, payload):
    if isinstance(payload, (dict, list)):
        payload = json.dumps(payload)
    if isinstance(payload, str):
        payload = payload.encode()
    waiting.extend(kind + struct.pack("<I", len(payload)) + payload)
    if len(waiting) > 1 << 16:
        flush()
def request():
    data, fds, _, _ = socket.recv_fds(channel, 1 << 17, 4)
    if not data:
        sys.exit(0)
    while len(data) < 5 or len(data) < 5 + struct.unpack("<I", data[1:5])[0]:
        data += channel.recv(1 << 17)
    return json.loads(data[5:]), fds[0]
def content_of(c):
    return c if isinstance(c, str) else json.dumps(c)
def part(path, content, type=None):
    head = {"part": path}
    if type:
        head["type"] = type
    record(b"P", head)
    if content:
        record(b"B", content)
def run(step, whole):
    verb, *args = step
    if verb == "part":
        part(args[0], content_of(args[1]), *args[2:])
    elif verb == "fail":
        record(b"P", {"part": args[0]})
        record(b"B", "some of it")
        record(b"F", {"status": args[1], "detail": args[2]})
    elif verb == "many":
        for i in range(args[0]):
            part(args[1].replace("%d", str(i)), content_of(args[2]).replace("%d", str(i)))
    elif verb == "big":
        record(b"P", {"part": args[0]})
        left = args[1]
        while left:
            n = min(left, 1 << 20)
            record(b"B", b" " * n)
            left -= n
    elif verb == "self":
        part(args[0], whole)
    elif verb == "endless":
        i = 0
        while True:
            i += 1
            part(args[0].replace("%d", str(i)), "endless words %d" % i)
    elif verb == "flood":
        record(b"P", {"part": args[0]})
        while True:
            record(b"B", b"x" * (1 << 20))
    elif verb == "sleep":
        flush()
        time.sleep(args[0])
    elif verb == "crash":
        flush()
        os.kill(os.getpid(), signal.SIGKILL)
    elif verb == "garbage":
        record(b"Z", "garbage")
    elif verb == "done":
        record(b"D", {"status": args[0], "detail": args[1]})
        return False
    return True
while True:
    head, fd = request()
    with open(fd, "rb") as f:
        f.seek(0)
        whole = f.read()
    try:
        box = json.loads(whole)
    except ValueError:
        record(b"D", {"status": 65, "detail": "not a box"})
        flush()
        continue
    if "reroute" in box:
        record(b"R", box["reroute"])
        flush()
        continue
    if "text" in box:
        record(b"T", box["text"])
    if "meta" in box:
        record(b"M", box["meta"])
    if all(run(step, whole) for step in box.get("steps", [])):
        record(b"D", {"status": 0})
    flush()
"""

# Plain words; every conversion leaves a line in its diagnostics, none of which is kept.
INK = r"""#!/usr/bin/python3 -SE
import os, signal, sys, time
text = os.read(0, 1 << 20)
if text.startswith(b"!crash"):
    os.kill(os.getpid(), signal.SIGSEGV)
if text.startswith(b"!hang"):
    time.sleep(600)
sys.stdout.buffer.write(text)
"""


def box(*steps, **more):
    """A box as bytes."""
    return json.dumps({"steps": [list(s) for s in steps], **more}).encode()


def inner(*steps, **more):
    """A box inside of a box."""
    return {"steps": [list(s) for s in steps], **more}


def install(daemon, **keys):
    """Both converters, for *.box and *.ink."""
    keys.setdefault("mime", "application/x-box")
    daemon.converter("box", BOX, serve=True, **keys)
    daemon.converter("ink", INK, mime="text/x-ink", time="2s")


def store(daemon, sql, *arguments):
    """Rows of the store (schema/store.md), which another connection may read at any time."""
    file = next(daemon.state.glob("*.db"))
    connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    try:
        return connection.execute(sql, arguments).fetchall()
    finally:
        connection.close()


Part = collections.namedtuple("Part", "n path state type reason detail document size")


def parts_of(daemon, name):
    """What the store has of the parts of the file of that name, in their order."""
    return [Part(*row) for row in store(
        daemon, "SELECT p.n, p.path, p.state, p.type, p.reason, p.detail, p.document, p.size FROM part p"
        " JOIN file f ON f.document = p.container WHERE f.name = ? ORDER BY p.n", os.fsencode(name))]


def check_parts(daemon):
    """What must hold of all parts whenever nothing is under way."""
    assert store(daemon, "SELECT id FROM document WHERE building = 1") == []
    assert store(daemon, "SELECT id, parts FROM document d WHERE building = 0 AND parts <>"
                         " (SELECT count(*) FROM part WHERE container = d.id)") == []
    assert store(daemon, "SELECT id FROM part WHERE state = 1 AND document IS NULL") == []
    assert store(daemon, "SELECT p.id FROM part p LEFT JOIN document d ON d.id = p.document"
                         " WHERE p.document IS NOT NULL AND d.id IS NULL") == []
    # Searchable are those, and only those, that a file has, or a part of a container that a file has.
    filed = set(store(daemon, "SELECT document FROM file WHERE document IS NOT NULL"))
    parts = set(store(daemon, "SELECT p.document FROM part p JOIN file f ON f.document = p.container"
                              " WHERE p.document IS NOT NULL"))
    assert set(store(daemon, "SELECT id FROM document WHERE searchable = 1")) == filed | parts


INDEXED, FAILED, QUARANTINED, UNAVAILABLE, BINARY, TOO_LARGE = 1, 2, 3, 4, 5, 6
