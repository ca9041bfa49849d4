"""The jail: what a converter must not be able to do, layer by layer, and what happens where a layer is not to be had.

`evil` (evil.c) tries one thing at a time.  Each attempt is made with no layer at all, where it gets through; with each
of the layers alone that are claimed to stop it (trawl-jail(8) has the same table); and with everything.  All of it as
an ordinary user, and as root.  The layers are switched off by trawl-jail-test, which is built for tests only.
"""

import fcntl
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

import trawl
from trawl import patience, wait_for, write

JAIL = trawl.BUILD / "trawl-jail"
SWITCHED = trawl.BUILD / "trawl-jail-test"
HELD, THROUGH = 0, 1
BASE = {"no_new_privs"}  # harmless to what is tried, and others than root can have no filter without it
NAMESPACES = {"user", "pid", "net", "mount", "ipc", "uts"}
LAYERS = ["no_new_privs", "capabilities", "rlimits", "uid", "user", "pid", "net", "mount", "ipc", "uts", "landlock",
          "seccomp"]
USER = 65533  # anybody; not the one that root's converters become
ROOT = os.geteuid() == 0
WHO = ["user", "root"] if ROOT else ["user"]

pytestmark = pytest.mark.skipif(trawl.SANITIZED, reason="what a sanitizer needs is more than a jail allows")


# --- what is tried, and what is claimed to stop it alone ---------------------------------------------------------------

class Attempt:
    """`argument` names what the test puts there; `who` has the attempt in its power without a jail."""

    def __init__(self, name, alone, argument="", who=("user", "root"), options=(), everywhere=True):
        self.name, self.alone, self.argument, self.who = name, alone.split(), argument, who
        self.options = options
        self.everywhere = everywhere  # False: some kernels or file systems refuse it without any jail


ATTEMPTS = [
    Attempt("read", "landlock mount uid", "shadow", who=("root",)),
    Attempt("read", "landlock mount", "document", who=("user",)),
    Attempt("read", "landlock mount uid", "document", who=("root",)),
    Attempt("write", "landlock mount", "outside", who=("user",)),
    Attempt("write", "landlock mount uid", "outside", who=("root",)),
    Attempt("write", "landlock mount", "program", who=("user",)),
    Attempt("write", "landlock mount uid", "program", who=("root",)),
    Attempt("tcp", "seccomp net landlock", "port"),
    Attempt("unix", "seccomp mount", "socket"),
    Attempt("abstract", "seccomp net landlock", "abstract"),
    Attempt("datagram", "seccomp mount", "datagrams"),
    Attempt("io_uring", "seccomp", everywhere=False),
    Attempt("ptrace", "seccomp pid landlock", "victim", everywhere=False),
    Attempt("mount", "seccomp landlock capabilities uid", who=("root",)),
    Attempt("keyctl", "seccomp", everywhere=False),
    Attempt("unshare", "seccomp", everywhere=False),
    Attempt("clone", "seccomp", everywhere=False),
    Attempt("clone3", "seccomp", everywhere=False),
    Attempt("calls", "seccomp"),
    Attempt("i386", "seccomp", everywhere=False),
    Attempt("exec", "no_new_privs user", "setuid", who=("user",), everywhere=False),
    Attempt("signal", "seccomp pid landlock", "victim"),
    Attempt("signal", "uid", "victim", who=("root",)),
    Attempt("queue", "seccomp pid landlock", "victim"),
    Attempt("sigio", "seccomp pid landlock", "victim"),
    Attempt("renice", "seccomp pid", "victim"),
    Attempt("limits", "seccomp pid", "victim"),
    Attempt("fork", "seccomp"),
    Attempt("memory", "rlimits", options=("-m", "268435456")),
    Attempt("descriptors", "rlimits"),
    Attempt("big-file", "rlimits", options=("-f", "1048576")),
    Attempt("fchmod", "seccomp"),
    Attempt("fchown", "seccomp"),
    Attempt("futimens", "seccomp"),
    Attempt("fsetxattr", "seccomp", everywhere=False),
    Attempt("flags", "seccomp", everywhere=False),
    Attempt("lease", "seccomp", everywhere=False),
    Attempt("lock", "seccomp"),
    Attempt("attribute", "seccomp mount", "attribute", everywhere=False),
    Attempt("timers", "rlimits", "many"),
    Attempt("chmod-by-proc", "seccomp mount"),
    Attempt("reopen", "landlock mount"),
    Attempt("reopen", "uid", who=("root",)),
    Attempt("reopen-truncate", "landlock mount"),
    Attempt("reopen-stdin", "landlock mount"),
    Attempt("truncate", "landlock mount", "document", who=("user",)),
    Attempt("truncate", "landlock mount uid", "document", who=("root",)),
    Attempt("truncate", "landlock mount", "descriptor"),
    Attempt("truncate", "uid", "descriptor", who=("root",)),
]
ALONE = [pytest.param(a, layer, who, id=f"{a.name}-{a.argument}-{layer}-{who}" if a.argument else f"{a.name}-{layer}-{who}")
         for a in ATTEMPTS for layer in a.alone for who in WHO if who in a.who]
ALL = [pytest.param(a, who, id=f"{a.name}-{a.argument}-{who}" if a.argument else f"{a.name}-{who}")
       for a in {(a.name, a.argument): a for a in ATTEMPTS}.values() for who in WHO]


def run(argv, stdin=subprocess.DEVNULL, timeout=None):
    """trawl.run with a document as standard input."""
    process = trawl.popen(argv, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        out, err = process.communicate(timeout=timeout or patience(30))
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    finally:
        trawl.forget(process)
    return subprocess.CompletedProcess(argv, process.returncode, out, err)


class World:
    """A place that everybody can reach, with what is to be attacked in it."""

    def __init__(self):
        self.place = Path(tempfile.mkdtemp(prefix="trawl-evil-", dir="/var/tmp"))
        self.place.chmod(0o755)
        self.made = {who: self.furnish(who) for who in WHO}
        here = Path(__file__).parent
        for name in ("evil", "lacking"):
            result = run(["cc", "-std=c17", "-D_GNU_SOURCE", "-O1", "-o", self.place / name, here / f"{name}.c"])
            assert result.returncode == 0, result.stderr.decode()
        self.evil, self.lacking = self.place / "evil", self.place / "lacking"
        self.setuid = self.place / "setuid-evil"
        shutil.copy(self.evil, self.setuid)
        self.setuid.chmod(0o4755)

    def furnish(self, who):
        """A directory of that user's own; (directory, what comes before the user's commands)."""
        directory = self.place / who
        other = who == "user" and ROOT
        for made in (directory, directory / "work", directory / "closed"):
            made.mkdir()
        (directory / "secret").write_text("secret")
        (directory / "secret").chmod(0o600)
        if other:
            for path in (directory, *directory.iterdir()):
                os.chown(path, USER, USER)
        return directory, ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"] if other else []

    def identity(self, who):
        return self.made[who]

    def only(self, layers, who, options=()):
        """The words before a command that give it these layers and no others."""
        layers = set(layers)
        if who == "user" and layers & NAMESPACES:
            layers.add("user")
        off = [layer for layer in LAYERS if layer not in layers]
        return [SWITCHED, "-x", "best-effort", "-d", self.place / who / "work", *options, "-w", ",".join(off), "--"]

    def check_nothing_is_left(self):
        for who in WHO:
            assert list((self.place / who / "work").iterdir()) == []


@pytest.fixture(scope="module")
def world():
    made = World()
    yield made
    shutil.rmtree(made.place)


class Target:
    """What one attempt is aimed at, made anew for each."""

    def __init__(self, world, attempt, who):
        self.directory, self.become = world.identity(who)
        self.closing = []
        self.sleeper = None
        self.path = self.directory / "target"
        trawl.unlink_quietly(self.path)
        self.attached = self.directory / "attached"
        self.attached.write_text("precious")
        if who == "user" and ROOT:
            os.chown(self.attached, USER, USER)
        self.attached.chmod(0o600)
        self.before = self.look()
        self.argument = getattr(self, attempt.argument)(world) if attempt.argument else ""

    def look(self):
        st = os.stat(self.attached)
        return st.st_mode, st.st_mtime_ns, st.st_ctime_ns, st.st_uid, self.attached.read_bytes()

    def shadow(self, _):
        return "@/etc/shadow"

    def document(self, _):
        return f"@{self.directory / 'secret'}"

    def descriptor(self, _):
        return "@/proc/self/fd/0"

    def attribute(self, _):
        try:
            os.setxattr(self.directory / "secret", "user.origin", b"whence")
        except OSError:
            pass  # not on this file system
        return self.document(_)

    def many(self, _):
        return "1000"

    def outside(self, _):
        return f"@{self.path}"

    def program(self, _):
        """A file of that user's own that is shown to it, as the converter's script is."""
        path = self.directory / "script"
        path.write_text("script")
        path.chmod(0o600)
        owner = os.stat(self.directory)
        os.chown(path, owner.st_uid, owner.st_gid)
        return path

    def setuid(self, world):
        return world.setuid  # shown to it: a word that is a file

    def listen(self, family, kind, address):
        s = socket.socket(family, kind)
        self.closing.append(s)
        s.bind(address)
        if kind == socket.SOCK_STREAM:
            s.listen()
        return s

    def port(self, _):
        return str(self.listen(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)).getsockname()[1])

    def abstract(self, _):
        name = f"trawl-evil-{os.getpid()}"
        self.listen(socket.AF_UNIX, socket.SOCK_STREAM, "\0" + name)
        return name

    def socket(self, _, kind=socket.SOCK_STREAM):
        self.listen(socket.AF_UNIX, kind, os.fspath(self.path))
        self.path.chmod(0o777)
        return f"@{self.path}"

    def datagrams(self, world):
        return self.socket(world, socket.SOCK_DGRAM)

    def victim(self, _):
        self.sleeper = trawl.popen([*self.become, "sleep", "600"], stdout=subprocess.DEVNULL)
        # It is the user's, and sleeps, once setpriv is gone.
        wait_for(lambda: trawl.cmdline(self.sleeper.pid).startswith("sleep"), 5)
        return str(self.sleeper.pid)

    def finish(self):
        for s in self.closing:
            s.close()
        if self.sleeper is not None:
            self.sleeper.kill()
            self.sleeper.wait()
            trawl.forget(self.sleeper)


def attempt_in(world, attempt, who, before):
    """(how it ended, whether the victim and the document are as they were)"""
    target = Target(world, attempt, who)
    try:
        with open(target.attached, "rb") as document:
            result = run([*target.become, *before, world.evil, attempt.name, target.argument], stdin=document,
                         timeout=patience(30))
        time.sleep(0.01 if target.sleeper else 0)
        unhurt = target.sleeper is None or target.sleeper.poll() is None
        return result, unhurt and target.look() == target.before
    finally:
        target.finish()


def gets_through(result, untouched):
    return result.returncode == THROUGH or not untouched


@pytest.fixture(scope="module")
def control(world):
    """Whether an attempt gets through without any layer; asked once for each."""
    known = {}

    def ask(attempt, who):
        key = attempt.name, attempt.argument, who
        if key not in known:
            known[key] = gets_through(*attempt_in(world, attempt, who, world.only((), who, attempt.options)))
        return known[key]

    return ask


@pytest.mark.parametrize("attempt, layer, who", ALONE)
def test_a_layer_alone(world, control, attempt, layer, who):
    if not control(attempt, who):
        assert not attempt.everywhere, "it was refused without any jail: this test proves nothing"
        pytest.skip("refused here without any jail")
    layers = {layer} if attempt.name == "exec" else BASE | {layer}
    result, untouched = attempt_in(world, attempt, who, world.only(layers, who, attempt.options))
    assert result.returncode != THROUGH and untouched, result.stdout + result.stderr
    assert result.returncode == HELD or attempt.name in ("sigio", "i386"), (result.returncode, result.stderr)


@pytest.mark.parametrize("attempt, who", ALL)
def test_all_layers(world, attempt, who):
    before = [JAIL, "-x", "required", *attempt.options, "--"]
    result, untouched = attempt_in(world, attempt, who, before)
    assert untouched, result.stdout + result.stderr
    if attempt.name == "i386":
        assert result.returncode in (-signal.SIGSYS, -signal.SIGSEGV)
    else:  # it ran, and was refused
        assert result.returncode == HELD, (result.returncode, result.stdout + result.stderr)


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("name", ["i386", "x32"])
def test_other_tables_of_system_calls_kill(world, who, name):
    result, _ = attempt_in(world, Attempt(name, ""), who, world.only(BASE | {"seccomp"}, who))
    assert result.returncode < 0 or result.returncode == 2, result
    if os.uname().machine == "x86_64" and name == "x32":
        assert result.returncode == -signal.SIGSYS


# --- what is cut at a limit -------------------------------------------------------------------------------------------

@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("layers", [["rlimits"], LAYERS], ids=["rlimits", "all"])
def test_spinning_ends(world, who, layers):
    """Also where it ignores the first signal: the soft limit is the hard one."""
    begin = time.monotonic()
    result, _ = attempt_in(world, Attempt("spin", ""), who, world.only(BASE | set(layers), who, ["-c", "1"]))
    assert result.returncode == -signal.SIGKILL
    assert time.monotonic() - begin < patience(10)


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("layers", [["rlimits"], ["mount"], LAYERS], ids=["rlimits", "mount", "all"])
def test_a_full_directory(world, who, layers):
    """By the size of its file system, or by being looked after."""
    _, become = world.identity(who)
    command = [*become, *world.only(BASE | set(layers), who, ["-f", str(8 << 20)]), world.evil, "fill", "600"]
    result = run(command, timeout=patience(30))
    if "mount" in layers:
        assert result.returncode == HELD and int(result.stdout) < 10, result
    else:
        assert result.returncode == -signal.SIGXFSZ, result
    world.check_nothing_is_left()


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("layers", [["seccomp"], ["rlimits", "user"], ["pid"], [], LAYERS],
                         ids=["seccomp", "rlimits+user", "pid", "none", "all"])
def test_a_fork_bomb(world, who, layers):
    """Held by the filter or by the count of tasks; by whatever follows it, nobody is left."""
    _, become = world.identity(who)
    layers = BASE | set(layers) | ({"uid"} if "rlimits" in layers and who == "root" else set())
    result = run([*become, *world.only(layers, who), world.evil, "bomb"], timeout=patience(60))
    count = int(result.stdout)
    if "seccomp" in layers:
        assert count == 0
    elif "rlimits" in layers:
        assert count < 64
    wait_for(lambda: not trawl.strays(), 10, "processes are left")
    assert not processes_of(world.evil)


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("namespaces", [True, False])
def test_threads_without_end(world, who, namespaces):
    """Also where they count as the person's own."""
    _, become = world.identity(who)
    before = [] if namespaces else [world.lacking, "namespaces"]
    result = run([*become, *before, JAIL, "-d", world.place / who / "work", "--", world.evil, "threads", "20000"])
    assert result.returncode == HELD and int(result.stdout) < (64 if namespaces else 5000), result


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("depth", ["10", "1000"])
def test_a_deep_directory_is_removed(world, who, depth):
    _, become = world.identity(who)
    result = run([*become, *world.only(BASE, who), world.evil, "deep", depth], timeout=patience(60))
    assert result.returncode == HELD and result.stdout.decode().strip() == depth, result
    world.check_nothing_is_left()


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize("abi", [3, 7])
def test_signals_of_several_processes(world, abi):
    """Where there is no namespace of processes, and Landlock does not hold signals either, the filter does."""
    attempt = Attempt("signal", "", "victim")
    inject = strace(f"landlock_create_ruleset:retval={abi}:when=1")
    before = [world.lacking, "namespaces", *inject, JAIL, "-n", "8", "-d", world.place / "user" / "work", "--"]
    result, untouched = attempt_in(world, attempt, "user", before)
    assert result.returncode == HELD and untouched, result


@pytest.mark.parametrize("who", WHO)
def test_names_without_end(world, who):
    """Empty directories take no room but the kernel's."""
    _, become = world.identity(who)
    result = run([*become, *world.only(BASE | {"mount"}, who), world.evil, "inodes", "20000"], timeout=patience(60))
    assert result.returncode == HELD and int(result.stdout) < 17000, result


def processes_of(program):
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            words = trawl.cmdline(int(entry.name))
            if words.startswith(os.fspath(program)):
                found.append(words)
    return found


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("layers", [[], ["pid"], LAYERS], ids=["none", "pid", "all"])
def test_a_grandchild_in_its_own_session(world, who, layers):
    """It holds standard output: the pipe ends with the launcher all the same."""
    _, become = world.identity(who)
    begin = time.monotonic()
    result = run([*become, *world.only(BASE | set(layers), who, ["-n", "8"]), world.evil, "grandchild"], timeout=patience(30))
    assert result.returncode == 0 and time.monotonic() - begin < patience(5)
    assert not processes_of(world.evil)


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("layers", [[], ["pid"], LAYERS], ids=["none", "pid", "all"])
@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGKILL])
def test_one_that_ignores_every_signal(world, who, layers, sig):
    """Ended with its launcher, whether that is asked to end or killed."""
    _, become = world.identity(who)
    process = trawl.popen([*become, *world.only(BASE | set(layers), who), world.evil, "hang"], stdout=subprocess.PIPE)
    try:
        assert process.stdout.readline() == b"hanging\n"
        process.send_signal(sig)
        process.wait(patience(5))
        wait_for(lambda: not processes_of(world.evil), 5)
    finally:
        process.stdout.close()
        trawl.forget(process)
    wait_for(lambda: not trawl.strays(), 5)
    if sig == signal.SIGTERM or layers is LAYERS:
        world.check_nothing_is_left()
    for left in (world.place / who / "work").iterdir():
        shutil.rmtree(left)


# --- an honest converter ------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("who", WHO)
def test_a_program_in_a_closed_directory(world, who):
    """Root's own may lie where nobody else can go; the converter runs as nobody all the same."""
    directory, become = world.identity(who)
    closed = directory / "closed"
    shutil.copy(world.evil, closed / "evil")
    closed.chmod(0o700)
    for before in ([JAIL, "--"], world.only(set(LAYERS) - NAMESPACES, who)):
        result = run([*become, *before, closed / "evil", "nothing"])
        assert (result.returncode, result.stdout) == (0, b"fine\n"), result.stderr


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("layers", [LAYERS, set(LAYERS) - {"landlock"}, set(LAYERS) - NAMESPACES, set(LAYERS) - {"mount"}],
                         ids=["all", "without-landlock", "without-namespaces", "without-mount"])
def test_a_document_by_path(world, who, layers):
    """/dev/stdin among the words can be opened for reading, from memory and from a file, and for nothing else."""
    _, become = world.identity(who)
    before = [*become, *world.only(layers, who)]
    sealed = os.memfd_create("document", os.MFD_ALLOW_SEALING)
    with os.fdopen(sealed, "r+b") as f:
        f.write(b"from memory")
        f.flush()
        fcntl.fcntl(f, fcntl.F_ADD_SEALS, 0x0f)  # seal, shrink, grow, write
        f.seek(0)
        result = run([*before, world.evil, "copy", "/dev/stdin"], stdin=f)
        assert (result.returncode, result.stdout) == (0, b"from memory"), result.stderr
        strict = [w if w != "best-effort" else "required" for w in before]
        assert run([*strict, world.evil, "copy", "/dev/stdin"], stdin=f).returncode == 0


@pytest.mark.parametrize("who", WHO)
def test_a_file_by_path_is_safe_or_refused(world, who):
    """A file that is not sealed, a /proc to find it in, and no Landlock: not under `required`."""
    directory, become = world.identity(who)
    target = Target(world, Attempt("copy", ""), who)
    for layers, status in ((LAYERS, 0), (set(LAYERS) - {"landlock"}, 69)):
        if who == "root":  # root's converter may read what others may
            target.attached.chmod(0o644)
        before = [w if w != "best-effort" else "required" for w in world.only(layers, who)]
        with open(target.attached, "rb") as f:
            result = run([*become, *before, world.evil, "copy", "/dev/stdin"], stdin=f)
        assert result.returncode == status, result.stderr
        if status == 0:
            assert result.stdout == b"precious"


@pytest.mark.parametrize("who", WHO)
def test_what_it_finds(world, who):
    _, become = world.identity(who)
    script = "id -u; hostname; pwd; echo $TMPDIR; ls -A .; ls -A /tmp; echo x >f && echo y >/tmp/g && echo wrote"
    result = run([*become, JAIL, "-n", "8", "--", "/bin/sh", "-c", script])
    assert result.stdout.decode().split() == ["65534", "localhost", "/tmp/work", "/tmp/work", "work", "wrote"], result


# --- what is not to be had ----------------------------------------------------------------------------------------------

def probe(command):
    result = run([*command, "--probe"])
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])


NONE = []
EVERY = ["user", "pid", "net", "mount", "ipc", "uts"]


def strace(*injections):
    calls = ",".join(i.split(":")[0] for i in injections)
    return ["strace", "-f", "-qq", "-e", f"trace={calls}", "-o", "/dev/null",
            *(word for i in injections for word in ("-e", f"inject={i}"))]


# before the launcher; which layers are gone; whether `required` is satisfied
ABSENCES = [
    ("landlock is not in the kernel", strace("landlock_create_ruleset:error=ENOSYS"), {"landlock"}, True),
    ("landlock is not switched on", strace("landlock_create_ruleset:error=EOPNOTSUPP"), {"landlock"}, True),
    ("seccomp is not in the kernel", strace("seccomp:error=ENOSYS"), {"seccomp"}, False),
    ("seccomp takes no filters", strace("seccomp:error=EINVAL"), {"seccomp"}, False),
    ("no_new_privs is not in the kernel", strace("prctl:error=EINVAL:when=1+"), None, False),
    ("pivot_root is refused", strace("pivot_root:error=EPERM"), {"mount"}, True),
    ("mount_setattr is not in the kernel", strace("mount_setattr:error=ENOSYS"), {"mount"}, True),
    ("mount is refused", strace("mount:error=EACCES"), {"mount"}, True),
    ("mount and landlock", strace("mount:error=EPERM", "landlock_create_ruleset:error=ENOSYS"), {"mount", "landlock"}, False),
    ("limits are refused", strace("setrlimit:error=EPERM", "prlimit64:error=EPERM"), {"rlimits"}, False),
]


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("before, gone, satisfied", [pytest.param(*a[1:], id=a[0].replace(" ", "-")) for a in ABSENCES])
def test_a_layer_is_absent(world, who, before, gone, satisfied):
    _, become = world.identity(who)
    check_absence(world, [*become, *before, JAIL], gone, satisfied)


def check_absence(world, launcher, gone, satisfied):
    """The probe says what is gone; required refuses or goes on; best-effort goes on."""
    told = probe(launcher)
    assert told["mode"] == "required" and told["satisfied"] is satisfied
    if gone is not None:
        for layer in ("no_new_privs", "capabilities", "rlimits", "landlock", "seccomp"):
            assert told["layers"][layer] is (layer not in gone), told
        assert set(told["namespaces"]) == set(EVERY) - gone, told
        assert told["layers"]["namespaces"] is bool(told["namespaces"])
    assert ("missing" in told) is not satisfied
    result = run([*launcher, "--", world.evil, "nothing"])
    if satisfied:
        assert (result.returncode, result.stdout) == (0, b"fine\n"), result.stderr
    else:
        assert result.returncode == 69 and told["missing"] in result.stderr.decode()
        assert b"fine" not in result.stdout
    assert probe([*launcher, "-x", "best-effort"])["satisfied"] is True
    result = run([*launcher, "-x", "best-effort", "--", world.evil, "nothing"])
    assert (result.returncode, result.stdout) == (0, b"fine\n"), result.stderr


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize("abi, enough", [(1, False), (2, False), (3, True), (4, True), (5, True), (6, True), (7, True), (99, True)])
def test_every_abi_of_landlock(world, abi, enough):
    """Without namespaces it has to carry the document's safety alone: before ABI 3 a document could be cut short."""
    inject = strace(f"landlock_create_ruleset:retval={abi}:when=1")
    launcher = [world.lacking, "namespaces", *inject, JAIL]
    told = probe(launcher)
    assert told["landlock_abi"] == abi and told["layers"]["landlock"] is True and told["namespaces"] == NONE
    check_absence(world, launcher, set(EVERY), enough)


@pytest.mark.parametrize("who", WHO)
def test_no_namespaces(world, who):
    """As in a service with RestrictNamespaces=yes, and in many containers."""
    _, become = world.identity(who)
    check_absence(world, [*become, world.lacking, "namespaces", JAIL], set(EVERY), True)


def test_user_namespaces_without_rights(world):
    """As where a security module gives them to everybody, and no capabilities in them."""
    _, become = world.identity("user")
    check_absence(world, [*become, world.lacking, "names", JAIL], set(EVERY), True)


@pytest.mark.skipif(not ROOT, reason="needs root")
@pytest.mark.parametrize("uid, gone", [(USER, set(EVERY)), (0, {"user"})])
def test_no_user_namespaces(world, uid, gone):
    """max_user_namespaces is 0: others than root have none at all."""
    check_absence(world, [world.lacking, "user-namespaces", str(uid), JAIL], gone, True)


@pytest.mark.parametrize("who", WHO)
def test_root_that_knows_no_nobody(world, who):
    """As in `unshare -r` and some containers: there is no other user to become, and all else holds."""
    _, become = world.identity(who)
    inside = [*become, "unshare", "--user", "--map-root-user"]
    if run([*inside, "true"]).returncode != 0:
        pytest.skip("no user namespaces here")
    check_absence(world, [*inside, JAIL], set(), True)


def test_off_is_off(world):
    told = probe([JAIL, "-x", "off"])
    assert told["mode"] == "off" and not any(told["layers"].values()) and told["namespaces"] == [] and told["satisfied"]


def test_the_switches_are_not_in_what_is_installed():
    assert run([JAIL, "-w", "seccomp", "--probe"]).returncode == 64
    assert "trawl-jail-test" not in (trawl.REPO / "Makefile").read_text().split("install: all")[1].split("\nuninstall:")[0]


# --- in the daemon ------------------------------------------------------------------------------------------------------

def lame_jail(daemon, before):
    """A launcher that lacks something, for the daemon to run."""
    script = daemon.home / "lame-jail"
    script.write_text(f"#!/bin/sh\nexec {' '.join(map(os.fspath, before))} \"$@\"\n")
    script.chmod(0o755)
    daemon.env["TRAWL_JAIL"] = os.fspath(script)


def test_status_tells_what_holds(running):
    told = running.status()["sandbox"]
    assert told == probe([JAIL])
    assert told["mode"] == "required" and told["satisfied"] is True
    assert told["uid"] == (65534 if ROOT else os.geteuid())


def test_required_refuses_and_status_says_why(daemon):
    lame_jail(daemon, [SWITCHED, "-w", "seccomp"])
    daemon.start()
    write(daemon.root / "a.txt", "unreadable words")
    daemon.sync()
    told = daemon.status()["sandbox"]
    assert told["satisfied"] is False and told["missing"] == "seccomp" and told["layers"]["seccomp"] is False
    assert daemon.found("unreadable") == set()
    assert daemon.explain("a.txt")["verdict"] == "unavailable"
    assert "sandbox = required" in daemon.stderr_text()
    daemon.stop()
    del daemon.env["TRAWL_JAIL"]
    daemon.start()
    daemon.call("reindex", path=os.fspath(daemon.root / "a.txt"))
    daemon.sync()
    assert daemon.found("unreadable") == {daemon.absolute("a.txt")}


def test_best_effort_goes_on(daemon):
    lame_jail(daemon, [SWITCHED, "-w", "seccomp,landlock,mount"])
    daemon.config["daemon"]["sandbox"] = "best-effort"
    daemon.start()
    write(daemon.root / "a.txt", "readable words")
    daemon.sync()
    assert daemon.found("readable") == {daemon.absolute("a.txt")}
    told = daemon.status()["sandbox"]
    assert told["mode"] == "best-effort" and told["layers"]["seccomp"] is False and "mount" not in told["namespaces"]


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_ten_gigabytes(daemon, world, stream):
    """Cut at the limit, in little time and memory; the neighbours are converted."""
    daemon.converter("evil", [world.evil, stream], time="60s")
    daemon.start()
    write(daemon.root / "a.evil", "x")
    write(daemon.root / "b.txt", "neighbour")
    begin = time.monotonic()
    daemon.sync()
    assert time.monotonic() - begin < patience(10)
    assert daemon.found("neighbour") == {daemon.absolute("b.txt")}
    if stream == "stderr":
        assert daemon.failures()[daemon.absolute("a.evil")]["reason"] == "output_limit"
    else:
        assert daemon.document("a.evil", limit=10)["truncated"] is True
    assert trawl.process_status(daemon.pid, "VmHWM") < 400 << 10


def test_the_daemons_own_socket_and_process(daemon, world):
    daemon.converter("tcon", [world.evil, "unix", f"@{daemon.socket_path}"])
    daemon.start()
    daemon.converter("tsig", [world.evil, "signal", str(daemon.pid)])
    daemon.converter("tptr", [world.evil, "ptrace", str(daemon.pid)])
    daemon.call("reload")
    for name in ("tcon", "tsig", "tptr"):
        write(daemon.root / f"a.{name}", "x")
    daemon.sync()
    for name in ("tcon", "tsig", "tptr"):
        text = daemon.document(f"a.{name}")["text"]
        assert re.match(r"E[A-Z]+\s*$", text), (name, text)


@pytest.mark.parametrize("namespaces", [True, False])
def test_inside_a_hardened_service(daemon, world, namespaces):
    """With the filters that a unit may put around all of it; without namespaces Landlock carries the rest."""
    wrapper = [] if namespaces else [world.lacking, "namespaces"]
    daemon.start(wrapper=wrapper)
    write(daemon.root / "a.txt", "hardened words")
    daemon.sync()
    assert daemon.found("hardened") == {daemon.absolute("a.txt")}
    told = daemon.status()["sandbox"]
    assert told["satisfied"] is True and ("mount" in told["namespaces"]) is namespaces


# Answers one document and ends; descriptors come with the answer.
GIVER = r"""#!/usr/bin/python3 -SE
import socket, struct
channel = socket.socket(fileno=3)
socket.recv_fds(channel, 1 << 17, 4)
answer = b"".join(k + struct.pack("<I", len(p)) + p for k, p in ((b"T", b"a gift"), (b"D", b'{"status": 0}')))
socket.send_fds(channel, [answer], [0] * 10)
"""


def test_descriptors_in_an_answer_are_not_taken(daemon):
    """Each would stay open in the daemon, until it has none left."""
    daemon.converter("gift", GIVER, serve=True)
    daemon.start()
    for i in range(9):
        write(daemon.root / f"{i}.gift", str(i))
    daemon.sync()
    assert len(daemon.found("gift")) == 9
    held = [os.readlink(fd) for fd in Path(f"/proc/{daemon.pid}/fd").iterdir()]
    assert held.count("/dev/null") < 9, sorted(held)
