#!/bin/sh
# run.sh: all black-box tests, TRAWL_TEST_JOBS files side by side (one per CPU), the long ones first.  Arguments go to pytest.
cd "$(dirname "$0")" || exit 2
jobs=${TRAWL_TEST_JOBS:-$(nproc)}
long='test_service.py test_watch.py test_property.py test_oracle.py test_kill.py test_backpressure.py test_sync.py'
{
	printf '%s\n' $long
	ls test_*.py | grep -vxF "$(printf '%s\n' $long)"
} | xargs -P "$jobs" -I FILE sh -c '
	file=$1
	shift
	begin=$(date +%s)
	out=$(/usr/bin/python3 -m pytest "$file" "$@" 2>&1)
	status=$?
	if [ $status -eq 0 ]; then
		printf "%s: %s (%d s)\n" "$file" "$(printf "%s\n" "$out" | tail -1)" $(($(date +%s) - begin))
	else
		printf "%s\n%s: FAILED (%d s)\n" "$out" "$file" $(($(date +%s) - begin))
	fi
	exit $status' sh FILE "$@"
