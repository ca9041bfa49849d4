#!/bin/sh
# openrpc.sh - schema/openrpc.json is what `make openrpc` makes: the built daemon describes itself in the same words.
cd "$(dirname "$0")/../.." || exit 2
"${BUILD:-build}/trawld" --describe | diff -u schema/openrpc.json - || {
	echo "schema/openrpc.json is out of step: make openrpc"
	exit 1
}
