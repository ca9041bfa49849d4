"""formats: what must be found in each document of tests/data, and what must not.

Every phrase is in one document only, since each document names its own kind.  `absent` is what the bytes of a document
hold that is no text of it: scripts, styles, names of properties, pictures in base64.
"""

import dataclasses
import re
from pathlib import Path

DATA = Path(__file__).resolve().parents[1] / "data"
MIME_TABLE = DATA.parents[1] / "daemon" / "convert" / "mime.tbl"


@dataclasses.dataclass(frozen=True)
class Format:
    path: str                  # below tests/data
    found: tuple = ()          # phrases
    absent: tuple = ()
    title: str = ""
    author: str = ""
    pages: int = 0             # pages, sheets, slides; 0: it does not say
    parts: dict = dataclasses.field(default_factory=dict)     # path of a part: a phrase in it
    failed: dict = dataclasses.field(default_factory=dict)    # path of a part, "" for the document: the reason
    meta: dict = dataclasses.field(default_factory=dict)      # what the converter knew besides
    type: str = ""             # where it is not what the extension says

    @property
    def name(self):
        return self.path.rsplit("/", 1)[-1]

    @property
    def extension(self):
        return self.name.rsplit(".", 1)[1] if "." in self.name else ""

    @property
    def file(self):
        return DATA / self.path

    def __str__(self):
        return self.path


def types_by_extension():
    """The daemon's own table."""
    return dict(re.findall(r'^MIME\((\w+), "([^"]+)"\)', MIME_TABLE.read_text(), re.M))


ANNA = "Anna Fischer"
FONT = "Liberation Serif"
FORMATS = []


def add(path, *found, **more):
    FORMATS.append(Format(path, found, **more))


# --- office ----------------------------------------------------------------------------------------------------------

def letter(path, kind, *more, author=ANNA, title=None, **rest):
    add(path, f"Mackerel swim through the {kind} body past the Küste at a linked pier",
        f"Harbour chapter of the {kind}", f"A footnote beneath the {kind} deck", f"An endnote astern of the {kind}",
        f"Cell netted in the {kind}", f"List item hauled by the {kind}", "Commented sentence ends here", *more,
        title=f"Catch of the {kind}" if title is None else title, author=author, **rest)


def whole_letter(path, kind):
    letter(path, kind, f"running header of the {kind} logbook", f"running footer of the {kind} logbook",
           f"A comment pinned to the {kind} mast", f"A text box afloat in the {kind}",
           # notes do not break the sentence they belong to
           "Küste at a linked pier Then an endnote follows", absent=(FONT, "squid style", "example.org/unseen"))


def sheet(path, kind, *more, **rest):
    add(path, f"Species of the {kind} quota", f"Halibut weighed in the {kind}", f"Second sheet within the {kind}", *more,
        title=f"Catch of the {kind}", author=ANNA, pages=2, absent=("Liberation Sans", "Excel_BuiltIn"), **rest)


def slides(path, kind, *more, **rest):
    add(path, f"Slide heading aboard the {kind}", f"Anchovies projected by the {kind}", f"Shape moored at the {kind}", *more,
        title=f"Catch of the {kind}", author=ANNA, pages=2, absent=("Liberation Sans",), **rest)


for _kind in ("odt", "ott", "fodt", "docx", "dotx", "docm"):
    whole_letter(f"office/letter.{_kind}", _kind)
for _kind in ("ods", "ots", "fods", "xlsx", "xltx", "xlsm"):
    sheet(f"office/sheet.{_kind}", _kind, f"running header of the {_kind} ledger",
          # LibreOffice 7.4 leaves comments out of flat sheets
          *([] if _kind == "fods" else [f"A comment pinned to the {_kind} cell"]))
for _kind in ("odp", "otp", "fodp", "pptx", "potx", "pptm", "ppsx"):
    slides(f"office/slides.{_kind}", _kind, f"Speaker notes whispered in the {_kind}")
add("office/drawing.odg", "Chart heading aboard the odg", "Lobsters drawn by the odg", "Shape moored at the odg",
    title="Catch of the odg", author=ANNA, absent=("Liberation Sans",))
add("office/pandoc.docx", "Mackerel swim through the pandocdocx body", "A footnote beneath the pandocdocx deck",
    "Cell netted in the pandocdocx", title="Catch of the pandocdocx", author=ANNA)
add("office/letter.doc", "Mackerel swim through the doc body", "Cell netted in the doc", "List item hauled by the doc",
    "footnote beneath the doc deck", absent=(FONT,))
add("office/sheet.xls", "Species of the xls quota", "Halibut weighed in the xls", "Second sheet within the xls")
add("office/slides.ppt", "Slide heading aboard the ppt", "Anchovies projected by the ppt", "Shape moored at the ppt")
add("office/letter.rtf", "Mackerel swim through the rtf body past the Küste", "Cell netted in the rtf",
    "List item hauled by the rtf", "footnote beneath the rtf deck", title="Catch of the rtf", author=ANNA,
    absent=(FONT, "Squid style"))

# --- books -----------------------------------------------------------------------------------------------------------


def book(path, kind, **rest):
    rest.setdefault("title", f"Catch of the {kind}")
    rest.setdefault("author", ANNA)
    add(path, f"Mackerel swim through the {kind} body past the Küste at a linked pier", f"Harbour chapter of the {kind}",
        f"footnote beneath the {kind} deck", f"Cell netted in the {kind}", f"List item hauled by the {kind}", **rest)


book("book/book.epub", "epub", absent=("stylesheet1 css", "font family"))
book("book/book.fb2", "fb2", absent=("emphasis",))
book("book/book.mobi", "mobi")
book("book/book.azw3", "azw3", absent=("font family",), type="application/x-mobipocket-ebook")
add("book/book.chm", "Mackerel swim through the chm body", "Harbour chapter of the chm", "Second page sunk in the chm book",
    title="Catch of the chm", absent=("squidscript",))

# --- pages -----------------------------------------------------------------------------------------------------------

letter("page/letter.pdf", "pdf", "running header of the pdf logbook", "A comment pinned to the pdf mast",
       parts={"attached.txt": "Text file stowed in the attached document"}, pages=2)
letter("page/restricted.pdf", "openpdf", pages=2)
add("page/locked.pdf", failed={"": "encrypted"})
add("herring-encrypted.pdf", failed={"": "encrypted"})
add("page/letter.ps", "Mackerel swim through the ps body")
add("page/letter.eps", "Mackerel swim through the eps body")
add("page/book.djvu", "Mackerel swim through the djvu body and on its second line", "Second page sunk in the djvu book",
    title="Catch of the djvu", author=ANNA, pages=2)

# --- text ------------------------------------------------------------------------------------------------------------

for _name in ("csv", "tsv"):
    add(f"text/table.{_name}", f"Cell netted in the {_name}")
for _name in ("json", "yaml", "toml", "ini", "xml"):
    add(f"text/data.{_name}", f"Value moored in the {_name}")
for _name in ("c", "py", "sh"):
    add(f"text/code.{_name}", f"Comment nailed to the {_name} source")
add("text/server.log", "message logged by the log")
add("text/page.md", "Mackerel swim through the md body past the Küste", title="Catch of the md")
add("text/page.rst", "Mackerel swim through the rst body")
add("text/page.adoc", "Mackerel swim through the adoc body")
add("text/notes.org", "Mackerel swim through the org body")
add("text/paper.tex", "Mackerel swim through the tex body")
add("text/page.1", "Mackerel swim through the roff body", "man page landed in section 1", "verbatim example of roff",
    "n net number", "A hanging tag of the knotted paragraph", title="TRAWLING(1)",
    absent=("comment of the squid in roff", "fIswim", "ft CW"))
add("text/page.mdoc", "Mackerel swim through the mdoc body of trawling", "mdoc page landed beside it", title="TRAWLING(7)",
    absent=("comment of the squid in mdoc", "Fl n Ar"))
add("text/manual.info", "Mackerel swim through the info body", "Chapter knotted in the info manual")
add("text/film.srt", "Subtitle cast by the srt over two lines of the srt film", absent=("00 00 03 250",))
add("text/film.vtt", "Subtitle cast by the vtt", absent=("note of the squid in vtt", "squidcolour", "00 03 250", "align start"))
add("text/film.ass", "Subtitle cast by the ass with a comma", title="Catch of the ass",
    absent=("comment of the squid in ass", "Squidstyle", "ScriptType"))
add("text/calendar.ics", "Meeting moored in the ics", "A folded description drifts over the line in the ics with an escaped comma",
    "Lighthouse of the ics", "Bert Lotse", title="Catch of the ics",
    absent=("BEGIN VEVENT", "SUMMARY Meeting", "FREQ WEEKLY", "squid uid 7301", "Squid Software", "SQUIDTIME"))
add("text/card.vcf", "Fleet of the vcf", "Quay moored in the vcf 7", "Note knotted by the vcf escaped", "anna.fischer@example.org",
    title=ANNA, absent=("BEGIN VCARD", "squid uid 7302", "c3F1aWRzcXVpZHNxdWlk", "PARTSTAT"))
add("text/old.vcf", "A quoted note is soft broken in the older vcard and goes on", "Bert Lötse", title="Bert Lötse",
    absent=("QUOTED PRINTABLE", "c3F1aWRzcXVpZHNxdWlkc3F1aWRzcXVpZHNxdWlk"))
add("text/notebook.ipynb", "Mackerel swim through the ipynb body", "code cell hauled by the", "output cell landed by the ipynb",
    "figure captioned by the notebook", title="Harbour chapter of the ipynb",
    absent=("cell_type", "squidbase64", "execution_count", "nbformat"))
add("text/drawing.svg", "Label painted on the svg", "Description afloat in the svg", title="Catch of the svg",
    absent=("squidpath", "squidstyle", "squidscript"))
add("text/chart.svg", "Node anchored in the chart", "Graph drawn for the chart", absent=("Times serif", "text anchor"))
# The archive's only member, which is a drawing.
add("text/packed.svgz", parts={"packed.svg": "Node anchored in the packed"})

RUSSIAN, GERMAN = "вышли в море на рассвете", "fuhren früh hinaus während über der Küste noch Nebel lag Das große Schiff"
SPEECH = {
    "german": f"%s {GERMAN}", "russian": f"Рыбаки %s {RUSSIAN}", "french": "Les pêcheurs de %s sont partis à l'aube quand la forêt",
    "polish": "Rybacy z łodzi %s wypłynęli o świcie", "czech": "Rybáři na lodi %s vypluli za úsvitu když vítr ještě spal",
    "turkish": "Balıkçılar %s ile şafakta denize açıldı", "ukrainian": "Рибалки %s вийшли в море на світанку",
    "greek": "ψαράδες %s βγήκαν στη θάλασσα", "hebrew": "הדייגים %s יצאו לים", "arabic": "الصيادون %s إلى البحر",
    "lithuanian": "Žvejai iš laivo %s išplaukė į jūrą auštant", "icelandic": "Sjómennirnir á %s réru út við dögun þegar",
    "japanese": "漁師たちは %s 夜明けに海へ出た", "korean": "어부들은 %s 새벽에 바다로 나갔다", "chinese": "渔夫们 %s 在黎明时分出海",
    "taiwanese": "漁夫們 %s 在黎明時分出海",
}
for _line in (DATA / "masters" / "encodings").read_text().splitlines():
    _name, _charset, _mark, _speech = _line.split()
    add(f"text/{_name}.txt", SPEECH[_speech] % _name)

# --- the web and mail ------------------------------------------------------------------------------------------------


def page(path, kind, **rest):
    add(path, f"Mackerel swim through the {kind} body past the pier Рыбаки вышли в море", f"Cell netted in the {kind}",
        f"Description afloat in the {kind}", f"Alternative text of the {kind}", title=f"Catch of the {kind}",
        absent=(f"squid in the style of {kind}", f"squid in the script of {kind}", f"squid in the comment of {kind}"), **rest)


page("web/page.html", "html", author=ANNA)
page("web/cyrillic.html", "cyrillic", author=ANNA)
page("web/page.mhtml", "mhtml")
add("web/page.xhtml", "Mackerel swim through the xhtml body Next line", title="Catch of the xhtml", absent=("squidcolour",))
add("web/pandoc.html", "Mackerel swim through the pandochtml body past the Küste", title="Catch of the pandochtml", author=ANNA,
    absent=("overflow wrap",))


def mail(path, kind, prefix="", **rest):
    add(path, *rest.pop("found", ()), absent=("squidcolour",), parts={
        f"{prefix}stowed.txt": f"Text file stowed in the {kind} message",
        f"{prefix}letter.docx": "Mackerel swim through the docx body",
        **rest.pop("parts", {})}, **rest)


BODY = "Mackerel swim through the {} body letter 1 Grüße von der Küste"
for _kind, _path in (("eml", "mail/message.eml"), ("maildir", "mail/maildir/cur/1614834367.M1P1.pier:2,S")):
    mail(_path, _kind, found=(BODY.format(_kind), "bert@example.org"), title=f"Catch of the {_kind} – Küste 1",
         author=ANNA, meta={"from": "anna@example.org", "to": "bert@example.org"})
add("mail/box.mbox")

# --- archives --------------------------------------------------------------------------------------------------------


def hold(path, kind, prefix="", **rest):
    add(path, parts={f"{prefix}cargo.txt": f"Cargo stowed in the {kind} archive",
                     f"{prefix}hold/page.adoc": f"Mackerel swim through the in{kind} body",
                     f"{prefix}hold/deep/film.srt": "Subtitle cast by the srt", **rest.pop("parts", {})}, **rest)


for _suffix in ("zip", "7z", "rar", "cpio", "iso", "deb", "rpm", "tar", "tgz", "tar.bz2", "tar.xz", "tar.zst", "tar.lz", "tar.lz4",
                "tar.Z"):
    hold(f"archive/hold.{_suffix}", _suffix.replace(".", ""), "data.tar.xz/" if _suffix == "deb" else "")
add("archive/hold.ar", parts={"cargo.txt": "Cargo stowed in the ar archive"})
for _suffix in ("gz", "bz2", "xz", "zst", "lz", "lz4"):
    add(f"archive/cargo.txt.{_suffix}", parts={"cargo.txt": f"Cargo squeezed by the {_suffix} program"})
hold("archive/nested.7z", "outermost", parts={
    "hold/middle.tar/inner.zip/cargo.txt": "Cargo stowed in the innermost archive",
    "hold/middle.tar/inner.zip/hold/page.adoc": "Mackerel swim through the ininnermost body"})
add("archive/locked.zip", parts={"hold/page.adoc": "Mackerel swim through the inlocked body"}, failed={"cargo.txt": "encrypted"})
add("archive/locked.7z", failed={"cargo.txt": "encrypted", "hold/page.adoc": "encrypted"})
add("archive/locked.rar", failed={"cargo.txt": "encrypted", "hold/page.adoc": "encrypted"})

# --- pictures, sound, film -------------------------------------------------------------------------------------------

for _kind in ("jpeg", "png", "tiff", "webp"):
    add(f"picture/boat.{_kind}", f"Xmp description afloat in {_kind}", f"keyword hooked by {_kind}", title=f"Catch of the {_kind}",
        author=ANNA)
add("picture/boat.gif")  # exiv2 reads no tags of it
add("picture/boat.jpeg", "Iptc caption anchored in jpeg", "iptc keyword reeled by jpeg", "Exif caption moored in jpeg")
for _kind in ("mp3", "flac", "ogg", "opus", "m4a"):
    add(f"media/song.{_kind}", f"Album netted in {_kind}", f"Comment sung in {_kind}", title=f"Catch of the {_kind}", author=ANNA)
for _kind in ("wav", "aiff", "wma"):
    add(f"media/song.{_kind}", title=f"Catch of the {_kind}", author=ANNA)
for _kind in ("mp4", "mkv", "webm", "avi", "mov"):
    add(f"media/film.{_kind}", title=f"Catch of the {_kind}")
