#!/bin/sh
# run.sh SECONDS SEED TARGET... - runs each fuzz target for that long, as many at a time as there are processors; the first
# finding ends it with the target's last words.  Converters start from the documents of tests/data.
set -eu
seconds=$1 seed=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
export seconds seed here

printf '%s\n' "$@" | xargs -P "$(nproc)" -I TARGET sh -c '
	target=TARGET
	name=${target##*/}
	mkdir -p "$target.corpus"
	case $name in fuzz_convert_* | fuzz_typing) seeds=$here/../data ;; *) seeds= ;; esac
	dict=
	[ ! -f "$here/$name.dict" ] || dict=-dict=$here/$name.dict
	echo "  FUZZ   $name for $seconds s"
	"$target" -max_total_time="$seconds" -seed="$seed" -timeout=10 -rss_limit_mb=2048 -max_len=65536 $dict \
		-artifact_prefix="$target." "$target.corpus" $seeds > "$target.log" 2>&1 && exit 0
	echo "  $name: a finding"
	tail -50 "$target.log"
	exit 255'
