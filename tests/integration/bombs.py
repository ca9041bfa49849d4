"""bombs: small documents that unpack into much, made on the fly.

What is much of the same is one compressed frame repeated, so that ten gigabytes cost no more than one frame to make.
"""

import bz2
import io
import lzma
import shutil
import struct
import subprocess
import zipfile
import zlib

FRAME = 64 << 20


# --- much of the same ------------------------------------------------------------------------------------------------

def _gzip(data):
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return packer.compress(data) + packer.flush()


def _zstd(data):
    return subprocess.run(["zstd", "-q", "-3", "-c"], input=data, stdout=subprocess.PIPE, check=True).stdout


PACKERS = {"gz": _gzip, "xz": lambda data: lzma.compress(data, preset=1), "bz2": bz2.compress}
if shutil.which("zstd"):
    PACKERS["zst"] = _zstd


def packed(kind, piece, size):
    """`piece` over and over up to `size` bytes, as members or frames one behind the other."""
    return PACKERS[kind](piece * (FRAME // len(piece))) * (size // FRAME)


def deflated(begin, piece, size):
    """A raw deflate stream of `begin`, then `piece` over and over."""
    chunk = piece * (FRAME // len(piece))
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    head = packer.compress(begin) + packer.flush(zlib.Z_FULL_FLUSH)
    frame = packer.compress(chunk) + packer.flush(zlib.Z_FULL_FLUSH)
    return head + frame * (size // len(chunk)) + packer.flush(zlib.Z_FINISH)


# --- zip by hand -----------------------------------------------------------------------------------------------------

class Member:
    def __init__(self, name, packed, size, crc=0, method=8):
        self.name, self.packed, self.size, self.crc, self.method = name.encode(), packed, size, crc, method

    def local(self):
        return struct.pack("<4sHHHHHIIIHH", b"PK\3\4", 20, 0, self.method, 0, 0x21, self.crc, len(self.packed),
                           min(self.size, 0xffffffff), len(self.name), 0) + self.name

    def central(self, offset):
        return struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\1\2", 20, 20, 0, self.method, 0, 0x21, self.crc, len(self.packed),
                           min(self.size, 0xffffffff), len(self.name), 0, 0, 0, 0, 0, offset) + self.name


def _end(count, size, offset, comment=b""):
    return struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, count, count, size, offset, len(comment)) + comment


def zip_of(*members):
    """An archive whose members may lie about themselves."""
    out, directory = b"", b""
    for member in members:
        directory += member.central(len(out))
        out += member.local() + member.packed
    return out + directory + _end(len(members), len(directory), len(out))


def _zip(entries):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def nested(width, depth, size=FRAME):
    """`width` archives in each of `width` archives, `depth` times, a file of zeros in each of the last (42.zip)."""
    inside = _zip([("0.dll", bytes(size))])
    for level in range(depth):
        inside = _zip([(f"lib {i}.zip", inside) for i in range(width)])
    return inside


def doll(depth):
    """One archive in another, `depth` times, around a line of text."""
    inside = b"the innermost eel\n"
    name = "eel.txt"
    for level in range(depth):
        inside, name = _zip([(name, inside)]), "doll.zip"
    return inside


# --- an archive that holds itself ------------------------------------------------------------------------------------

def _bits(*fields):
    """Fixed-Huffman bits into bytes: (value, width, whether its highest bit comes first)."""
    word = at = 0
    for value, width, reverse in fields:
        if reverse:
            value = int(f"{value:0{width}b}"[::-1], 2)
        word |= value << at
        at += width
    assert at == 40, at
    return word.to_bytes(5, "little")


def _stored(n):
    return struct.pack("<BHH", 0, n, n ^ 0xffff)


def _repeat_20():
    """The last 20 bytes again, in a block of exactly five bytes: ten of them, twice."""
    match = ((8, 7, True), (8, 5, True), (3, 3, False))  # length 10; distance 17 + 3
    return _bits((0b010, 3, False), *match, *match, (0, 7, True))


def _repeat(n, last, final=False):
    """The last n bytes (68 to 115) again in five bytes, where their last one is known: a match and a literal."""
    length, distance = n - 1 - 67, n - 65
    return _bits((0b010 | final, 3, False), (277 - 256 + length // 16, 7, True), (length % 16, 4, False),
                 (12 + distance // 32, 5, True), (distance % 32, 5, False), (0b110010000 + last - 144, 9, True),
                 (0, 7, True))


def _quine_with(crc, name, comment):
    """The construction is Russ Cox's, "Zip Files All The Way Down" (2010): each step prints a step and itself."""
    p, s = 30 + len(name), 46 + len(name) + 22 + len(comment)
    lit, rep, rep4 = _stored(p + 5), _repeat(p + 5, 0xff), _repeat_20()
    l0, l1, l4 = _stored(0), _stored(5), _stored(20)
    lits, reps = _stored(s + 5), _repeat(s + 5, comment[-1], True)
    steps = (lit + b"%P" + lit + rep + l1 + rep + l1 + l1 + l4 + rep + l1 + l1 + l4 + rep4 + l4 + rep4 + l4 + rep4 + l4 +
             rep4 + l4 + rep4 + l0 + l0 + lits + rep4 + l0 + l0 + lits + reps + b"%S" + reps)
    packed = len(steps) - 4 + p + s
    member = Member(name, bytes(packed), p + packed + s, crc)
    prefix = member.local()
    suffix = member.central(0) + _end(1, 46 + len(name), p + packed, comment)
    head, rest = steps.split(b"%P")
    middle, tail = rest.split(b"%S")
    return prefix + head + prefix + middle + suffix + tail + suffix


def _solve(rows):
    """Over bits: each row is [mask, sum]; the number whose bits under each mask add up to its sum."""
    found = []
    for bit in range(32):
        pivot = next((row for row in rows if row[0] >> bit & 1), None)
        if pivot is None:
            continue
        rows.remove(pivot)
        for other in rows + [row for _, row in found]:
            if other[0] >> bit & 1:
                other[0] ^= pivot[0]
                other[1] ^= pivot[1]
        found.append((bit, pivot))
    return sum(row[1] << bit for bit, row in found)


def quine():
    """An archive whose only member is the archive itself."""
    def crc_of(crc):
        return zlib.crc32(_quine_with(crc, "an archive that holds only itself.zip", b"\xff"))

    # The checksum stands in what it is of; being linear, it is 32 equations for 32 bits.
    base = crc_of(0)
    columns = [crc_of(1 << i) ^ base for i in range(32)]
    crc = _solve([[sum((columns[i] >> bit & 1) << i for i in range(32)) ^ 1 << bit, base >> bit & 1] for bit in range(32)])
    assert crc_of(crc) == crc
    return _quine_with(crc, "an archive that holds only itself.zip", b"\xff")


# --- markup ----------------------------------------------------------------------------------------------------------

def laughs(root, inside):
    """Entities that are ten of another each, ten deep; `inside` says %s where the last one is used."""
    entities = '<!ENTITY e0 "laugh ">' + "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 11))
    return f'<?xml version="1.0"?><!DOCTYPE {root} [{entities}]>{inside % "&e10;"}'.encode()


def squares(root, inside):
    """One long entity, used very often."""
    entity = f'<!ENTITY e "{"x" * 100_000}">'
    return f'<?xml version="1.0"?><!DOCTYPE {root} [{entity}]>{inside % ("&e;" * 100_000)}'.encode()


WORD_TYPES = ('<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default '
              'Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override '
              'PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.'
              'document.main+xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-'
              'officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType='
              '"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>')
OFFICE_RELS = ('<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
               '<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
               '%s" Target="%s"/></Relationships>')
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def docx(document):
    return _zip([("[Content_Types].xml", WORD_TYPES), ("_rels/.rels", OFFICE_RELS % ("officeDocument", "word/document.xml")),
                 ("word/document.xml", document)])


def docx_of_paragraphs(size):
    """A document.xml of so many bytes, which are paragraphs without a word."""
    begin = f"<w:document {W}><w:body>".encode()
    types, rels = WORD_TYPES.encode(), (OFFICE_RELS % ("officeDocument", "word/document.xml")).encode()
    return zip_of(Member("[Content_Types].xml", types, len(types), zlib.crc32(types), 0),
                  Member("_rels/.rels", rels, len(rels), zlib.crc32(rels), 0),
                  Member("word/document.xml", deflated(begin, b"<w:p></w:p>\n    ", size), size))


def odt(content):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        archive.writestr("content.xml", content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


OFFICE = 'urn:oasis:names:tc:opendocument:xmlns:'


def ods_of_empty_rows(rows, columns):
    """Styled cells without content, each row and cell repeated by number, around two that have words."""
    def cells(text):
        return (f'<table:table-row table:style-name="r"><table:table-cell office:value-type="string"><text:p>{text}</text:p>'
                f'</table:table-cell></table:table-row>')
    content = (f'<office:document-content xmlns:office="{OFFICE}office:1.0" xmlns:table="{OFFICE}table:1.0" '
               f'xmlns:text="{OFFICE}text:1.0"><office:body><office:spreadsheet><table:table table:name="wide">'
               + cells("first sardine") +
               f'<table:table-row table:number-rows-repeated="{rows}" table:style-name="r"><table:table-cell '
               f'table:style-name="c" table:number-columns-repeated="{columns}"/></table:table-row>'
               + cells("last sardine") +
               '</table:table></office:spreadsheet></office:body></office:document-content>')
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def xlsx_of_empty_rows(rows):
    """The same for Excel, which writes every row and cell down."""
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    relations = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'

    def row(n, text):
        return f'<row r="{n}"><c r="A{n}" t="inlineStr"><is><t>{text}</t></is></c></row>'
    empty = "".join(f'<row r="{n}" s="3" customFormat="1"><c r="A{n}" s="3"/><c r="B{n}" s="3"/></row>'
                    for n in range(2, rows + 2))
    sheet = (f'<?xml version="1.0"?><worksheet {main}><sheetData>{row(1, "first sardine")}{empty}'
             f'{row(rows + 2, "last sardine")}</sheetData></worksheet>')
    book = f'<?xml version="1.0"?><workbook {main} {relations}><sheets><sheet name="wide" sheetId="1" r:id="r1"/></sheets></workbook>'
    return _zip([("[Content_Types].xml", WORD_TYPES), ("_rels/.rels", OFFICE_RELS % ("officeDocument", "xl/workbook.xml")),
                 ("xl/workbook.xml", book), ("xl/_rels/workbook.xml.rels", OFFICE_RELS % ("worksheet", "worksheets/sheet1.xml")),
                 ("xl/worksheets/sheet1.xml", sheet)])
