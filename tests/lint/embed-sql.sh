#!/bin/sh
# embed-sql.sh FILE.sql… - prints the migrations as C string literals, one initializer a file, in the order given.
for f; do
	printf '/* %s */\n' "$f"
	sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/"/' -e 's/$/\\n"/' "$f"
	echo ,
done
