#!/bin/sh
# config-keys.sh - every key of the table in config_keys.c stands in the sample file and in the man page, with its
# default, and nothing else does; prints what differs, exits 1.
cd "$(dirname "$0")/../.." || exit 2
table=daemon/core/config_keys.c sample=conf/trawld.conf man=conf/trawld.conf.5
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT

# {"section", "key", KEY_KIND, FIELD(x), "default",  ->  section key = default
sed -nE 's/^\{"([^"]+)", "([^"]+)", [A-Z_]+, [A-Z]+\([^)]*\), "([^"]*)",.*/\1 \2 = \3/p' $table |
	sed 's/ *$//' | LC_ALL=C sort > "$work/table"
rows=$(grep -c '^{"' $table)
if [ "$(wc -l < "$work/table")" != "$rows" ]; then
	echo "$table: $rows rows, but $(wc -l < "$work/table") of the form that this check reads"
	exit 1
fi

# [section NAME] or #[section NAME], then #key = default
sed -nE 's/^#?\[([a-z]+)[^]]*\]$/[ \1/p; s/^#([a-z_]+) =(.*)/\1 =\2/p' $sample |
	awk '$1 == "[" { section = $2; next } { print section, $0 }' |
	sed -E 's/ *$//; s/^(root path =).*/\1/' | LC_ALL=C sort > "$work/sample"

# .Sh SECTION [name], .Sh CONVERTERS; then .It Cm key and its text up to the next item
awk '
/^\.Sh SECTION/ { section = $0; sub(/.*\[/, "", section); sub(/[] ].*/, "", section); next }
/^\.Sh CONVERTERS/ { section = "converter"; next }
/^\.Sh/ { section = ""; next }
section && /^\.It Cm/ { print section, $3; next }' $man | LC_ALL=C sort > "$work/man"

sed 's/ =.*//' "$work/table" > "$work/names"
status=0
diff -u --label $table --label $sample "$work/table" "$work/sample" || status=1
diff -u --label $table --label $man "$work/names" "$work/man" || status=1

# The default of each key stands in its item of the man page.
while read -r section key _ default; do
	[ -n "$default" ] || continue
	sed -n "/^\.Sh .*\[$section/,/^\.Sh /p; /^\.Sh CONVERTERS/,/^\.Sh FILES/p" $man |
		awk -v key="$key" '/^\.It|^\.El/ { on = $2 == "Cm" && $3 == key; next } on' |
		grep -Eq "(Default: $default\.|^\.Cm $default( |\$))" || {
		echo "$man: [$section] $key: the default $default is not told"
		status=1
	}
done < "$work/table"
exit $status
