#!/bin/sh
# run.sh - what `make run` does once everything is built: indexes DIR with live progress, prints the hits for QUERY,
# and keeps watching until it is interrupted; with ONCE=1 it ends after the hits.
set -eu
: "${BUILD:=build}"
dir=${DIR:-/usr/share/doc}
query=${QUERY:-license}
[ -d "$dir" ] || { echo "run: $dir: no such directory" >&2; exit 2; }
dir=$(cd "$dir" && pwd -P)

# One index a directory, kept, so that the next run starts where this one ends.
work=$BUILD/run/$(printf %s "$dir" | cksum | cut -d' ' -f1)
mkdir -p "$work"
work=$(cd "$work" && pwd -P)
export TRAWL_SOCKET="$work/s"

"$BUILD/trawld" --root "$dir" --state "$work/state" --socket "$TRAWL_SOCKET" 2> "$work/log" &
daemon=$!
stop() { kill "$daemon" 2>/dev/null || true; wait "$daemon" 2>/dev/null || true; }
trap 'stop; exit 130' INT
trap 'stop; exit 143' TERM
trap stop EXIT

tries=0
until "$BUILD/trawl" version > /dev/null 2>&1; do
	tries=$((tries + 1))
	if [ $tries -gt 200 ] || ! kill -0 "$daemon" 2>/dev/null; then
		cat "$work/log" >&2
		exit 2
	fi
	sleep 0.05
done
"$BUILD/trawl" status --follow --until-idle
echo
"$BUILD/trawl" search "$query" || [ $? -eq 1 ]
[ -z "${ONCE:-}" ] || exit 0
echo
echo "Watching $dir. In another terminal: TRAWL_SOCKET=$TRAWL_SOCKET $BUILD/trawl search WORDS"
echo "Ctrl-C ends it."
wait "$daemon"
