#!/usr/bin/python3
"""words.py: how many of the words that a reference tool finds in documents, a converter finds too.

    words.py [-v] REFERENCE CONVERTER FILE...

REFERENCE is one of the names below, or a command line with {} for the file, which prints text.
CONVERTER is a program of the contract; it is run one-shot.  A word is a run of three letters or more,
without regard to case; each counts once a file.  Printed are, for each extension, the files, the
reference's words and the share of them that the converter has; with -v also what is missing where.
A file that the reference cannot read is left out, one that the converter cannot read has no words.
"""
import argparse
import collections
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import unicodedata

WORD = re.compile(r"[^\W\d_]{3,}")
SECONDS = 120

# Batch tools convert all files at once; the others take one.
COMMANDS = {
    "pdftotext": "pdftotext -q -enc UTF-8 {} -",
    "mutool": "mutool draw -q -F txt {}",
    "pandoc": "pandoc --wrap=none -t plain {}",
    "odt2txt": "odt2txt --encoding=UTF-8 {}",
    "unrtf": "unrtf --quiet --text {}",
    "antiword": "antiword -m UTF-8 {}",
    "catdoc": "catdoc -d utf-8 {}",
    "djvutxt": "djvutxt {}",
}
SOFFICE_FILTERS = {
    "soffice": ("txt:Text (encoded):UTF8", ".txt"),
    "soffice-csv": ("csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1", ".csv"),
    "soffice-pdf": ("pdf", ".pdf"),
}


def words(text):
    return set(WORD.findall(unicodedata.normalize("NFKC", text).casefold()))


def run(argv, **keywords):
    """Standard output as text; None for a failure."""
    try:
        done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=SECONDS, **keywords)
    except subprocess.TimeoutExpired:
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None


def by_command(template, paths):
    for path in paths:
        argv = [str(path) if part == "{}" else part for part in shlex.split(template)]
        yield path, run(argv)


def by_soffice(name, paths):
    target, suffix = SOFFICE_FILTERS[name]
    with tempfile.TemporaryDirectory() as out:
        # Names may repeat between folders: each file is linked under a number.
        links = {}
        for number, path in enumerate(paths):
            link = pathlib.Path(out, f"{number}{path.suffix}")
            link.symlink_to(path.resolve())
            links[path] = link
        subprocess.run(["soffice", f"-env:UserInstallation=file://{out}/profile", "--headless", "--convert-to", target,
                        "--outdir", out] + [str(link) for link in links.values()],
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=SECONDS + 10 * len(paths))
        for path, link in links.items():
            yield path, read_made(sorted(pathlib.Path(out).glob(f"{link.stem}{suffix}")) +
                                  sorted(pathlib.Path(out).glob(f"{link.stem}-*{suffix}")))


def read_made(made):
    """Text of what soffice wrote for one file: sheets come one a file."""
    texts = [run(["pdftotext", "-q", "-enc", "UTF-8", str(p), "-"]) if p.suffix == ".pdf"
             else p.read_text(encoding="utf-8", errors="replace") for p in made]
    return "\n".join(text for text in texts if text) if texts else None


def convert(converter, path):
    environment = {**os.environ, "TRAWL_NAME": path.name, "TRAWL_LIMIT": str(1 << 30)}
    with path.open("rb") as document:
        return run([converter], stdin=document, env=environment) or ""


class Share:
    def __init__(self):
        self.files = self.failed = self.wanted = self.found = 0
        self.missing = collections.Counter()
        self.worst = []

    def add(self, path, reference, ours):
        self.files += 1
        self.failed += not ours and bool(reference)
        self.wanted += len(reference)
        self.found += len(reference & ours)
        self.missing.update(reference - ours)
        if reference:
            self.worst.append((len(reference & ours) / len(reference), path))

    def show(self, kind, verbose):
        share = 100 * self.found / self.wanted if self.wanted else 100
        print(f"{kind:6} {self.files:5} files  {self.wanted:8} words  {share:7.3f} %"
              + (f"  {self.failed} without any" if self.failed else ""))
        if verbose:
            for part, path in sorted(self.worst)[:5]:
                print(f"       {100 * part:7.2f} %  {path}")
            print("       missing:", " ".join(word for word, _ in self.missing.most_common(40)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-v", "--verbose", action="store_true")
    parser.add_argument("reference")
    parser.add_argument("converter")
    parser.add_argument("files", nargs="+", type=pathlib.Path)
    options = parser.parse_args()

    if options.reference in SOFFICE_FILTERS:
        references = by_soffice(options.reference, options.files)
    else:
        references = by_command(COMMANDS.get(options.reference, options.reference), options.files)
    shares = collections.defaultdict(Share)
    unread = 0
    for path, text in references:
        if text is None:
            unread += 1
            continue
        shares[path.suffix.lstrip(".").lower()].add(path, words(text), words(convert(options.converter, path)))
    for kind in sorted(shares):
        shares[kind].show(kind, options.verbose)
    if unread:
        print(f"{unread} files could not be read by {options.reference}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
