#!/bin/sh
# make.sh [GROUP...]: makes the documents of the tests anew, by the programs that people make such documents with.
#
# Run by hand (`make fixtures`), never by a test: the documents are kept.  GROUP is one of the functions named at the
# end; all of them without one.  Where a master has @K@ a document names its own kind, so that each phrase is found in
# one document only.  README.md lists the programs and their packages.
set -eu
cd "$(dirname "$0")"
here=$(pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export LANG=C.UTF-8 LC_ALL=C.UTF-8 TZ=UTC HOME="$work" SOURCE_DATE_EPOCH=1614834367

# Runs a program that talks; what it says is shown if it fails.
quietly() {
	"$@" > "$work/log" 2>&1 || { cat "$work/log"; exit 1; }
}

# master FILE KIND TARGET: a master with its kind filled in.
master() {
	sed "s/@K@/$2/g" "masters/$1" > "$3"
}

# office MASTER KIND SUFFIX[:FILTER] TARGET: by LibreOffice.
office() {
	master "$1" "$2" "$work/$2.${1##*.}"
	quietly soffice "-env:UserInstallation=file://$work/lo" --headless --convert-to "$3" --outdir "$work/out" \
		"$work/$2.${1##*.}"
	mv "$work/out/$2.${3%%:*}" "$4"
}

# --- office ---

opendocument() {
	mkdir -p office
	office letter.fodt odt odt office/letter.odt
	office letter.fodt ott ott office/letter.ott
	office letter.fodt fodt 'fodt:OpenDocument Text Flat XML' office/letter.fodt
	office sheet.fods ods ods office/sheet.ods
	office sheet.fods ots ots office/sheet.ots
	office sheet.fods fods 'fods:OpenDocument Spreadsheet Flat XML' office/sheet.fods
	office slides.fodp odp odp office/slides.odp
	office slides.fodp otp otp office/slides.otp
	office slides.fodp fodp 'fodp:OpenDocument Presentation Flat XML' office/slides.fodp
	office drawing.fodg odg odg office/drawing.odg
}

ooxml() {
	mkdir -p office
	office letter.fodt docx 'docx:MS Word 2007 XML' office/letter.docx
	office letter.fodt dotx 'dotx:MS Word 2007 XML Template' office/letter.dotx
	office letter.fodt docm 'docm:MS Word 2007 XML VBA' office/letter.docm
	office sheet.fods xlsx 'xlsx:Calc MS Excel 2007 XML' office/sheet.xlsx
	office sheet.fods xltx 'xltx:Calc MS Excel 2007 XML Template' office/sheet.xltx
	office sheet.fods xlsm 'xlsm:Calc MS Excel 2007 VBA XML' office/sheet.xlsm
	office slides.fodp pptx 'pptx:Impress MS PowerPoint 2007 XML' office/slides.pptx
	office slides.fodp potx 'potx:Impress MS PowerPoint 2007 XML Template' office/slides.potx
	office slides.fodp pptm 'pptm:Impress MS PowerPoint 2007 XML VBA' office/slides.pptm
	office slides.fodp ppsx 'ppsx:Impress MS PowerPoint 2007 XML AutoPlay' office/slides.ppsx
	master book.md pandocdocx "$work/book.md"
	pandoc "$work/book.md" -o office/pandoc.docx
}

legacy() {
	mkdir -p office
	office letter.fodt doc 'doc:MS Word 97' office/letter.doc
	office sheet.fods xls 'xls:MS Excel 97' office/sheet.xls
	office slides.fodp ppt 'ppt:MS PowerPoint 97' office/slides.ppt
	office letter.fodt rtf 'rtf:Rich Text Format' office/letter.rtf
}

books() {
	mkdir -p book "$work/chm"
	for kind in epub fb2 mobi azw3; do
		master book.md "$kind" "$work/book.md"
		case $kind in
		epub | fb2) pandoc "$work/book.md" -o "book/book.$kind" ;;
		*)
			pandoc "$work/book.md" -o "$work/book.epub"
			quietly ebook-convert "$work/book.epub" "book/book.$kind"
			;;
		esac
	done
	for file in index.html deep.html book.hhp book.hhc; do
		master "chm/$file" chm "$work/chm/$file"
	done
	(cd "$work/chm" && quietly chmcmd book.hhp)
	mv "$work/chm/book.chm" book/book.chm
}

# --- pages ---

pages() {
	mkdir -p page
	yes='{"type":"boolean","value":"true"}'
	office letter.fodt pdf "pdf:writer_pdf_Export:{\"ExportNotes\":$yes,\"ExportBookmarks\":$yes}" "$work/plain.pdf"
	master letter.txt attached "$work/attached.txt"
	qpdf --add-attachment "$work/attached.txt" --filename=attached.txt --mimetype=text/plain -- \
		"$work/plain.pdf" page/letter.pdf
	qpdf --encrypt secret owner 256 -- page/letter.pdf page/locked.pdf
	# With the owner's password only: anybody may read it.
	office letter.fodt openpdf pdf:writer_pdf_Export "$work/open.pdf"
	qpdf --encrypt "" owner 256 -- "$work/open.pdf" page/restricted.pdf
	master press.ms ps "$work/press.ms"
	groff -ms -Tps "$work/press.ms" > page/letter.ps
	master press.ms eps "$work/press.ms"
	groff -ms -Tps "$work/press.ms" | gs -q -dBATCH -dNOPAUSE -sDEVICE=pdfwrite "-sOutputFile=$work/eps.pdf" -
	pdftops -eps "$work/eps.pdf" page/letter.eps
	djvu
}

# A page of lines and one of shades, with what an OCR program would have put behind them.
djvu() {
	convert-im6 -size 400x500 xc:white -fill black -draw 'rectangle 50,50 350,60' -monochrome "$work/lines.pbm"
	cjb2 "$work/lines.pbm" "$work/lines.djvu"
	convert-im6 -size 60x80 gradient:white-navy "$work/shades.ppm"
	c44 "$work/shades.ppm" "$work/shades.djvu"
	rm -f page/book.djvu
	djvm -c page/book.djvu "$work/lines.djvu" "$work/shades.djvu"
	djvused page/book.djvu -f masters/djvu.sed -s
}

# --- pictures, sound, film ---

pictures() {
	mkdir -p picture
	convert-im6 -size 32x24 gradient:navy-white "$work/boat.png"
	for kind in jpeg png tiff webp gif; do
		convert-im6 "$work/boat.png" -strip "picture/boat.$kind"
		case $kind in
		gif) exif= ;;
		*) exif=1 ;;
		esac
		exiftool -q -overwrite_original ${exif:+"-EXIF:ImageDescription=Exif caption moored in $kind"} \
			${exif:+-EXIF:Make=Seagull "-EXIF:Model=Pier 7" "-EXIF:DateTimeOriginal=2021:03:04 05:06:07"} \
			"-XMP-dc:Title=Catch of the $kind" "-XMP-dc:Creator=Anna Fischer" \
			"-XMP-dc:Description=Xmp description afloat in $kind" "-XMP-dc:Subject=keyword hooked by $kind" \
			"-XMP-xmp:CreateDate=2021:03:04 05:06:07" "picture/boat.$kind"
	done
	exiftool -q -overwrite_original "-IPTC:Caption-Abstract=Iptc caption anchored in jpeg" "-IPTC:City=Cuxhaven" \
		"-IPTC:Keywords=iptc keyword reeled by jpeg" picture/boat.jpeg
	# Words to be seen, not to be read out of any tag.
	convert-im6 -size 640x120 xc:white -fill black -pointsize 40 -gravity center \
		-annotate 0 'Scanned words of the whaler' -strip -monochrome picture/scan.png
}

media() {
	mkdir -p media
	quiet='-hide_banner -loglevel error -y -bitexact'
	for kind in mp3 flac ogg opus m4a wav wma aiff; do
		case $kind in
		aiff) id3='-write_id3v2 1' ;; # its own chunks have no artist
		*) id3= ;;
		esac
		# shellcheck disable=SC2086 # words
		ffmpeg $quiet -f lavfi -i 'sine=frequency=440:duration=0.3' $id3 -ac 1 -ar 48000 -b:a 32k \
			-metadata "title=Catch of the $kind" -metadata 'artist=Anna Fischer' \
			-metadata "album=Album netted in $kind" -metadata "comment=Comment sung in $kind" \
			-metadata genre=Shanty -metadata date=2021 "media/song.$kind"
	done
	for kind in mp4 mkv webm avi mov; do
		# shellcheck disable=SC2086 # words
		ffmpeg $quiet -f lavfi -i 'color=navy:size=32x24:rate=5:duration=0.4' \
			-metadata "title=Catch of the $kind" -metadata 'artist=Anna Fischer' \
			-metadata "comment=Comment filmed in $kind" "media/film.$kind"
	done
}

# --- text ---

text() {
	mkdir -p text
	for file in masters/text/*; do
		master "text/${file##*/}" "${file##*.}" "text/${file##*/}"
	done
	while read -r name charset mark speech; do
		master "speech/$speech" "$name" "$work/speech"
		{
			# shellcheck disable=SC2059 # the mark is its octal bytes
			[ "$mark" = - ] || printf "$mark"
			iconv -f UTF-8 -t "$charset" "$work/speech"
		} > "text/$name.txt"
	done < masters/encodings
	master notebook.md ipynb "$work/notebook.md"
	pandoc "$work/notebook.md" -t ipynb -o text/notebook.ipynb
	/usr/bin/python3 masters/picture_output.py picture/scan.png text/notebook.ipynb
	master manual.texi info "$work/manual.texi"
	makeinfo "$work/manual.texi" -o text/manual.info
	dot -Tsvg masters/chart.dot -o text/chart.svg
	sed 's/chart/packed/g' text/chart.svg | gzip -9n > text/packed.svgz
}

web() {
	mkdir -p web
	master book.md pandochtml "$work/book.md"
	pandoc -s "$work/book.md" -o web/pandoc.html
	master web/page.html html web/page.html
	master web/page.xhtml xhtml web/page.xhtml
	sed 's/@K@/cyrillic/g; s/utf-8/windows-1251/' masters/web/page.html | iconv -f UTF-8 -t CP1251 > web/cyrillic.html
	/usr/bin/python3 masters/mail.py mhtml web/page.mhtml
}

# --- containers ---

mail() {
	mkdir -p mail/maildir/cur
	/usr/bin/python3 masters/mail.py eml mail/message.eml
	/usr/bin/python3 masters/mail.py mbox mail/box.mbox
	/usr/bin/python3 masters/mail.py maildir 'mail/maildir/cur/1614834367.M1P1.pier:2,S'
}

# tree KIND: into $work/tree what goes into an archive.
tree() {
	rm -rf "$work/tree"
	mkdir -p "$work/tree/hold/deep"
	printf 'Cargo stowed in the %s archive\n' "$1" > "$work/tree/cargo.txt"
	master text/page.adoc "in$1" "$work/tree/hold/page.adoc"
	cp text/film.srt "$work/tree/hold/deep/film.srt"
	printf '\0\1\2\3\377\376binary squid' > "$work/tree/hold/ballast.bin"
	find "$work/tree" -exec touch -d @1614834367 {} +
}

archives() {
	mkdir -p archive
	find archive -type f ! -name '*.rar' -delete
	to=$here/archive
	tree zip && (cd "$work/tree" && zip -q -r -X "$to/hold.zip" .)
	tree 7z && (cd "$work/tree" && quietly 7z a "$to/hold.7z" .)
	tree cpio && (cd "$work/tree" && find . | cpio -o -H newc --quiet > "$to/hold.cpio")
	tree iso && genisoimage -quiet -no-pad -J -R -V HOLD -o "$to/hold.iso" "$work/tree"
	tree ar && (cd "$work/tree" && ar rcD "$to/hold.ar" cargo.txt)
	for packed in cat:tar gzip:tgz bzip2:tar.bz2 xz:tar.xz zstd:tar.zst lzip:tar.lz lz4:tar.lz4 compress:tar.Z; do
		tree "$(echo "${packed#*:}" | tr -d .)"
		tar -C "$work/tree" --owner=0 --group=0 -cf "$work/hold.tar" .
		"${packed%%:*}" < "$work/hold.tar" > "$to/hold.${packed#*:}"
	done
	for packed in gzip:gz bzip2:bz2 xz:xz zstd:zst lzip:lz lz4:lz4; do
		printf 'Cargo squeezed by the %s program\n' "${packed#*:}" |
			"${packed%%:*}" > "$to/cargo.txt.${packed#*:}"
	done
	packages
	nested
	if command -v rar > "$work/log"; then
		tree rar && (cd "$work/tree" && rar a -inul -r "$to/hold.rar" .)
		tree rarlocked && (cd "$work/tree" && rar a -inul -r -psecret "$to/locked.rar" .)
	fi
}

packages() {
	tree deb
	mkdir "$work/tree/DEBIAN"
	cp masters/hold.control "$work/tree/DEBIAN/control"
	quietly dpkg-deb --root-owner-group -b "$work/tree" archive/hold.deb
	tree rpm
	quietly rpmbuild -bb --define "tree $work/tree" --define "_topdir $work/rpm" masters/hold.spec
	mv "$work"/rpm/RPMS/noarch/hold-*.rpm archive/hold.rpm
}

# A zip in a tar in a 7z; and archives whose members want the password "secret", all of them or one.
nested() {
	tree innermost
	(cd "$work/tree" && zip -q -r -X "$work/inner.zip" cargo.txt hold)
	tar -C "$work" --owner=0 --group=0 -cf "$work/middle.tar" inner.zip
	tree outermost
	cp "$work/middle.tar" "$work/tree/hold"
	(cd "$work/tree" && quietly 7z a "$here/archive/nested.7z" .)
	tree locked
	(cd "$work/tree" && zip -q -X "$here/archive/locked.zip" hold/page.adoc &&
		zip -q -X -P secret "$here/archive/locked.zip" cargo.txt)
	(cd "$work/tree" && quietly 7z a -psecret "$here/archive/locked.7z" .)
}

[ $# -gt 0 ] || set -- opendocument ooxml legacy books pictures media text web pages mail archives
for group; do
	echo "  FIXTURE $group"
	"$group"
done
