#!/bin/sh
# run.sh - every static check; each prints what it found, and the last line says how many failed.
set -u
failed=0
check() {
	name=$1
	shift
	echo "  LINT   $name"
	"$@" || failed=$((failed + 1))
}
cppcheck_all() {
	cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,portability --inline-suppr --language=c \
		--suppress=missingIncludeSystem --suppress=normalCheckLevelMaxBranches -D_GNU_SOURCE -DHAVE_SYSTEMD=1 --include=tests/lint/cppcheck.h \
		-DTRAWL_SANITIZED=0 -Idaemon -Iconverters/lib daemon converters
}
mandoc_all() {
	mandoc -T lint -W warning daemon/trawld.8 daemon/convert/trawl-jail.8 daemon/cli/trawl.1 conf/trawld.conf.5 \
		converters/trawl-converter.7 schema/trawl-protocol.7
}
check layers sh tests/lint/layers.sh
check config-keys sh tests/lint/config-keys.sh
check complexity sh tests/lint/complexity.sh
check functions sh tests/lint/functions.sh
check cppcheck cppcheck_all
check man-pages mandoc_all
check openrpc sh tests/lint/openrpc.sh
[ "$failed" = 0 ] || { echo "lint: $failed checks failed"; exit 1; }
