#!/usr/bin/python3
"""make_corpus: the corpora of the benches, from Debian's own packages.

    make_corpus.py DIR

DIR/text    20,000 source files and documents of the kernel (linux-source-6.1), about 227 MB, UTF-8 only
DIR/office  about 1,400 documents: PDF, HTML, ODF, OOXML, RTF, EPUB, about 230 MB
DIR/small   36 files in 6 directories, 19 of them .txt

The selection depends on the packages' versions alone, which are kept in DIR/VERSIONS.  Needs apt-get, dpkg-deb, tar, xz,
pandoc, 2 GB of room and three minutes.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from make_office import make_office

PACKAGE = "linux-source-6.1"
FILES = 20000
LARGEST = 399 * 1024
DOCUMENTATION = (("Documentation", "samples", "tools"), (".txt", ".rst", ".c", ".h", ".md", ".yaml"))
SOURCES = (("fs", "kernel", "mm", "net", "lib", "block", "crypto", "security", "sound", "drivers", "include"), (".c", ".h"))


def find(top, places, suffixes):
    """Paths of regular files below `places`, relative, in byte order."""
    found = []
    for place in places:
        for directory, _, names in os.walk(top / place):
            for name in names:
                path = os.path.join(directory, name)
                if name.endswith(suffixes) and not os.path.islink(path) and os.path.getsize(path) <= LARGEST:
                    found.append(os.path.relpath(path, top))
    return sorted(found, key=os.fsencode)


def is_text(path):
    content = path.read_bytes()
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return bool(content) and b"\0" not in content


def choose(top):
    """All of Documentation, every second of the rest, until there are enough."""
    chosen = []
    for number, path in enumerate(find(top, *DOCUMENTATION) + find(top, *SOURCES), 1):
        if not path.startswith("Documentation") and number % 2:
            continue
        if is_text(top / path):
            chosen.append(path)
        if len(chosen) == FILES:
            break
    return chosen


def unpack(work):
    """Fetches and unpacks the kernel's source; returns its top directory."""
    subprocess.run(["apt-get", "download", "-q", PACKAGE], cwd=work, check=True)
    [package] = work.glob(f"{PACKAGE}_*.deb")
    subprocess.run(["dpkg-deb", "-x", package.name, "package"], cwd=work, check=True)
    [archive] = (work / "package").rglob("linux-source-*.tar.xz")
    places = [f"linux-source-6.1/{place}" for place in DOCUMENTATION[0] + SOURCES[0]]
    subprocess.run(["tar", "-xf", archive, *places], cwd=work, check=True)
    return work / "linux-source-6.1", package.name


def make_text(destination):
    work = destination / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    top, version = unpack(work)
    partial = destination / "text.partial"
    shutil.rmtree(partial, ignore_errors=True)
    for path in choose(top):
        (partial / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(top / path, partial / path)
    partial.rename(destination / "text")
    (destination / "VERSIONS").write_text(version + "\n")
    shutil.rmtree(work)


def make_small(destination):
    for directory in range(1, 7):
        (destination / f"d{directory}").mkdir(parents=True)
        for file in range(1, 7):
            number = 6 * (file - 1) + directory  # spreads the 19 over the directories
            suffix = "txt" if number <= 19 else "dat"
            (destination / f"d{directory}" / f"f{file}.{suffix}").write_text(
                f"file {file} of directory {directory}: the quick brown fox {number}\n")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    destination = Path(sys.argv[1]).resolve()
    if not (destination / "text").exists():
        make_text(destination)
    if not (destination / "office").exists():
        with open(destination / "VERSIONS", "a") as versions:
            versions.writelines(f"{name}\n" for name in make_office(destination))
    if not (destination / "small").exists():
        make_small(destination / "small")
    for corpus in ("text", "office", "small"):
        sizes = [p.stat().st_size for p in (destination / corpus).rglob("*") if p.is_file()]
        print(f"{corpus}: {len(sizes)} files, {sum(sizes)} bytes")


if __name__ == "__main__":
    main()
