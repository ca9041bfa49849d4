"""known: words that are known to be in one document of a corpus and in no other, whatever an indexer says.

They are taken from the files themselves: source text as it is, web pages and the XML of office documents and books
without their markup, PDF by pdftotext.  A program that holds a document with its text finds it by such a word.  Those of
office documents are words that the other corpus has, too: not two that one tool has joined.
"""

import collections
import concurrent.futures
import functools
import json
import random
import re
import subprocess
import zipfile

from common import CORPUS

KEPT = 600  # files, of which a run takes the first that are in its tree
ZIPPED = {"odt", "ott", "ods", "odp", "otp", "docx", "epub"}
BODIES = re.compile(r"content\.xml$|word/document\.xml$|\.x?html$")


def without_markup(data):
    data = re.sub(rb"(?is)<(script|style|head)\b.*?</\1>", b" ", data)
    return re.sub(rb"(?s)<[^>]*>|&\w+;", b" ", data)


@functools.lru_cache(maxsize=None)
def text_of_pdf(path):
    return subprocess.run(["pdftotext", path, "-"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout


def text_of(path):
    suffix = path.suffix[1:].lower()
    if suffix == "pdf":
        return text_of_pdf(path)
    if suffix in ZIPPED:
        with zipfile.ZipFile(path) as archive:
            # Letters of one word may be in several runs of text: only markup between paragraphs parts words.
            bodies = [archive.read(name) for name in archive.namelist() if BODIES.search(name)]
        return b" ".join(without_markup(re.sub(rb"</?(w:r|w:t|w:rPr|text:span)\b[^>]*>", b"", b)) for b in bodies)
    data = path.read_bytes()
    if suffix == "html":
        return without_markup(data)
    if suffix == "rtf":
        return re.sub(rb"\\[a-z]+-?\d*", b" ", data)
    return data


def count(files):
    """In how many files each word is."""
    counts = collections.Counter()
    for path in files:
        counts.update(set(re.findall(rb"[a-z]{6,12}", text_of(path).lower())))
    return counts


def choose(name):
    """[(word, path below the corpus)], the same for the same corpus."""
    root, kept = CORPUS / name, CORPUS / f"known-{name}.json"
    if kept.exists():
        return json.loads(kept.read_text())
    files = sorted(p for p in root.rglob("*") if p.is_file())
    with concurrent.futures.ThreadPoolExecutor() as pool:
        list(pool.map(text_of_pdf, (p for p in files if p.suffix == ".pdf")))
    counts = count(files)
    real = count(p for p in (CORPUS / "text").rglob("*") if p.is_file()) if name == "office" else None
    random.Random(1).shuffle(files)
    chosen = []
    for path in files:
        # Whole and in lower case, not a piece of an identifier or of a word cut at the end of a line.
        words = re.findall(rb"(?:(?<=\s)|(?<=\())[a-z]{6,12}(?=[\s,.;:)])", text_of(path))
        alone = sorted(w for w in set(words) if counts[w] == 1 and (real is None or real[w] >= 3))
        if alone:
            chosen.append((alone[len(alone) // 2].decode(), str(path.relative_to(root))))
        if len(chosen) == KEPT:
            break
    kept.write_text(json.dumps(chosen, indent=0) + "\n")
    return chosen
