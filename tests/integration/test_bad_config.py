"""Bad configuration: an error with file and line, a non-zero exit, from --check-config too."""

import os

import pytest

import trawl
from trawl import EX_CONFIG, EX_OK, run


@pytest.fixture
def trawld(daemon):
    """Runs trawld on a configuration given as text, to its end; {} in it is the daemon's home."""

    class Trawld:
        home = daemon.home
        config_path = daemon.config_path

        def check(self, text, *args, **kwargs):
            daemon.config_path.write_text(text.replace("{}", os.fspath(daemon.home)))
            return run([*daemon.argv("--check-config", *args)], env=daemon.environment(), cwd=daemon.home, **kwargs)

        def start(self, text, *args):
            daemon.config_path.write_text(text.replace("{}", os.fspath(daemon.home)))
            return run([*daemon.argv("--once", *args)], env=daemon.environment(), cwd=daemon.home)

    return Trawld()


GOOD = f"""[daemon]
mode = user
workers = 3
queue_size = 64
settle = 200ms
rescan = 1d
sandbox = best-effort
converters_dir = {trawl.REPO}/conf/converters.d
[root docs]
path = {{}}/tree
ignore = *.o build/
hidden = no
[limits]
file_size = 64M
text_size = 10M
convert_time = 30s
convert_memory = 1G
[memo]
ttl = 1s
entries = 100
bytes = 8M
"""


def test_a_good_one(trawld):
    result = trawld.check(GOOD)
    assert result.returncode == EX_OK, result.stderr.decode()


def test_no_configuration_but_a_root(trawld, daemon):
    """The two-word start: everything by default."""
    env = {**daemon.environment(), "XDG_CONFIG_HOME": str(daemon.home / "none")}
    result = run([trawl.BUILD / "trawld", "--root", daemon.root, "--state", daemon.state, "--socket",
                  daemon.socket_path, "--check-config"], env=env)
    assert result.returncode == EX_OK, result.stderr.decode()


def line_of(text, needle):
    return 1 + text[:text.index(needle)].count("\n")


@pytest.mark.parametrize("bad, word", [
    ("workers = 3\nwrokers = 3", "wrokers"),
    ("workers = three", "workers"),
    ("workers = -1", "workers"),
    ("workers = 0", "workers"),
    ("workers = 99999999999999999999", "workers"),
    ("workers = 3x", "workers"),
    ("queue_size = 0", "queue_size"),
    ("settle = 5", "settle"),
    ("settle = 5 fortnights", "settle"),
    ("settle = -1s", "settle"),
    ("settle = 99999999999999d", "settle"),
    ("rescan = ", "rescan"),
    ("sandbox = perhaps", "sandbox"),
    ("mode = both", "mode"),
    ("converters_dir = /nonexistent/converters.d", "converters_dir"),
    ("[limits]\nfile_size = huge", "file_size"),
    ("[limits]\ntext_size = 10X", "text_size"),
    ("[limits]\nconvert_time = 1", "convert_time"),
    ("[memo]\nentries = many", "entries"),
    ("[memo]\nttl = soon", "ttl"),
    ("[memo]\nstorage = cloud", "storage"),
    ("[nonsense]\nkey = value", "nonsense"),
    ("[root other]\npath = {}/absent", "absent"),
    ("[root other]\npath = relative/path", "path"),
    ("[root other]\nhidden = yes", "other"),
    ("[root other]\npath = {}/state\nhidden = maybe", "hidden"),
    ("[root other]\npath = {}/trawld.conf", "trawld.conf"),
    ("[root]\npath = {}/tree", "root"),
    ("[converter x]\nextensions = x\nrun = cat", "converter x"),  # its place is a drop-in
    ("this is no line of an INI file", ""),
    ("[unclosed", ""),
])
def test_each_error_names_its_line(trawld, bad, word):
    base = "[root docs]\npath = {}/tree\n[daemon]\n"
    text = base + bad + "\n"
    for result in (trawld.check(text), trawld.start(text)):
        errors = result.stderr.decode()
        assert result.returncode == EX_CONFIG, (result.returncode, errors)
        assert word in errors, errors
        first, last = 1 + base.count("\n"), 1 + text.count("\n")
        assert any(f"{trawld.config_path}:{n}:" in errors for n in range(first, last + 1)), errors
        assert not os.path.exists(trawld.home / "s"), "nothing was started"


def test_the_line_is_the_right_one(trawld):
    text = GOOD.replace("entries = 100", "entries = many")
    result = trawld.check(text)
    assert f"{trawld.config_path}:{line_of(text, 'entries')}:" in result.stderr.decode()


def test_all_errors_at_once(trawld):
    text = GOOD.replace("workers = 3", "workers = x").replace("ttl = 1s", "ttl = y").replace("hidden = no", "hiddne = no")
    result = trawld.check(text)
    errors = result.stderr.decode()
    assert result.returncode == EX_CONFIG
    for key in ("workers =", "\nttl =", "hiddne ="):
        assert f"{trawld.config_path}:{line_of(text, key) + key.count(chr(10))}:" in errors, errors


def test_a_missing_file(trawld, daemon):
    result = run([trawl.BUILD / "trawld", "--config", daemon.home / "none.conf", "--check-config"],
                 env=daemon.environment())
    assert result.returncode == EX_CONFIG and b"none.conf" in result.stderr


def test_an_unreadable_file(trawld, daemon):
    daemon.config_path.mkdir()  # unreadable for root too
    result = run(daemon.argv("--check-config"), env=daemon.environment())
    assert result.returncode == EX_CONFIG and os.fsencode(daemon.config_path) in result.stderr


def test_an_unreadable_drop_in(trawld, daemon):
    drop_in = daemon.converters_dir / "50-bad.conf"
    drop_in.symlink_to("/nonexistent/target.conf")
    result = trawld.check(GOOD + f"[daemon]\nconverters_dir = {daemon.converters_dir}\n")
    assert result.returncode == EX_CONFIG and b"50-bad.conf" in result.stderr, result.stderr
    drop_in.unlink()
    drop_in.write_text("[converter x]\nextensions = x\nrun = cat\n")
    if os.geteuid() == 0:
        drop_in.chmod(0o600)
        for directory in (daemon.home, daemon.root, daemon.state, daemon.converters_dir):
            directory.chmod(0o755)
        daemon.config_path.chmod(0o644)
        result = trawld.check(GOOD + f"[daemon]\nconverters_dir = {daemon.converters_dir}\n", user=65534, group=65534,
                              extra_groups=[])
    else:
        drop_in.chmod(0)
        result = trawld.check(GOOD + f"[daemon]\nconverters_dir = {daemon.converters_dir}\n")
    assert result.returncode == EX_CONFIG and b"50-bad.conf" in result.stderr, result.stderr


@pytest.mark.parametrize("bad, line", [
    ("extensions = mine\nrun = cat\ntimme = 5s", 5), ("extensions = mine\nrun = cat\ntime = never", 5),
    ("extensions = mine\nrun = cat\nprocesses = 0", 5), ("extensions = mine\nrun = cat\nmemory = much", 5),
    ("extensions = mine\nrun = cat\nserve = cat", None), ("extensions = mine", None), ("run =", None), ("run = 'unclosed", None),
])
def test_an_error_in_a_drop_in_names_the_drop_in(trawld, daemon, bad, line):
    drop_in = daemon.converters_dir / "50-mine.conf"
    drop_in.write_text(f"# a comment\n[converter mine]\n{bad}\n")
    result = trawld.check(GOOD + f"[daemon]\nconverters_dir = {daemon.converters_dir}\n")
    assert result.returncode == EX_CONFIG and os.fsencode(drop_in) + b":" in result.stderr, result.stderr
    if line:
        assert f"{drop_in}:{line}:".encode() in result.stderr, result.stderr


def test_long_lines_and_sections(trawld):
    """No limit of 200 bytes a line or 50 a section."""
    patterns = " ".join(f"*.pattern{i}" for i in range(300))
    text = GOOD.replace("*.o build/", patterns).replace("[root docs]", f"[root {'n' * 120}]")
    result = trawld.check(text)
    assert result.returncode == EX_OK, result.stderr.decode()


def test_unknown_options(trawld, daemon):
    for args in (["--nonsense"], ["--root"], ["stray"], ["--root", "/nonexistent-root"]):
        result = run([trawl.BUILD / "trawld", *args, "--check-config"], env=daemon.environment())
        assert result.returncode not in (0, None) and result.stderr.strip(), args


def test_help_and_version(daemon):
    for option in ("--help", "--version"):
        result = run([trawl.BUILD / "trawld", option], env=daemon.environment())
        assert result.returncode == 0 and b"trawld" in result.stdout, option
