#!/bin/sh
# functions.sh - a function reads in one screen: at most 60 lines; prints each that is longer, exits 1.
cd "$(dirname "$0")/../.." || exit 2

find daemon converters -name '*.c' | LC_ALL=C sort | xargs pmccabe |
	awk -F '\t' '$5 > 60 { printf "%s: %d lines, allowed are 60\n", $6, $5; failed = 1 } END { exit failed }'
