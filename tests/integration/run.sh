#!/bin/sh
# run.sh [FILE...]: the black-box tests, TRAWL_TEST_JOBS files side by side, the long ones first.  One more than there are
# CPUs: much of what a test does is to wait.
# Options for pytest go into PYTEST_ADDOPTS.
cd "$(dirname "$0")" || exit 2
jobs=${TRAWL_TEST_JOBS:-$(($(nproc) + 1))}
if [ $# -eq 0 ]; then
	set -- test_parts_limits.py test_bombs.py test_service.py test_subscribe.py test_bad_requests.py test_watch.py \
		test_oracle.py test_property.py test_kill.py test_backpressure.py test_sync.py
	for file in test_*.py; do
		case " $* " in
		*" $file "*) ;;
		*) set -- "$@" "$file" ;;
		esac
	done
fi
sums=$(mktemp) || exit 2
trap 'rm -f "$sums"' EXIT
export sums
# shellcheck disable=SC2016 # the inner shell expands it
printf '%s\n' "$@" | xargs -P "$jobs" -I FILE sh -c '
	begin=$(date +%s)
	out=$(/usr/bin/python3 -m pytest -p no:cacheprovider "$1" 2>&1)
	status=$?
	[ $status -eq 0 ] || printf "%s\n%s: FAILED\n" "$out" "$1"
	printf "%s\n" "$out" | tail -1 >> "$sums"
	printf "  %-24s %s (%d s)\n" "$1" "$(printf "%s\n" "$out" | tail -1)" $(($(date +%s) - begin))
	exit $status' sh FILE
status=$?
awk '{ for (i = 2; i <= NF; i++) { if ($i ~ /^passed/) p += $(i - 1); if ($i ~ /^(failed|errors?)/) f += $(i - 1) } }
	END { printf "%d passed, %d failed\n", p, f }' "$sums"
exit $status
