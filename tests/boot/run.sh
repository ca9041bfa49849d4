#!/bin/sh
# run.sh - boots a real systemd over a throw-away overlay of this machine, installs trawl there, and checks both units:
# that they start hardened as they are, index documents through the whole jail, answer every user, reload and stop.
# Needs root and systemd-nspawn; nothing of this machine is changed.
set -eu
: "${BUILD:=build}"
here=$(cd "$(dirname "$0")" && pwd)
repo=$(cd "$here/../.." && pwd)
[ "$(id -u)" = 0 ] || { echo "boot: must be root" >&2; exit 2; }
command -v systemd-nspawn > /dev/null || { echo "boot: systemd-nspawn is missing (Debian: systemd-container)" >&2; exit 2; }

out=$(mktemp -d /tmp/trawl-boot-XXXXXX)
over=$out.over
mkdir "$over"
mount -t tmpfs tmpfs "$over"
mkdir "$over/upper" "$over/work" "$over/top"
trap 'umount "$over/top"; umount "$over"; rmdir "$over"; rm -rf "$out"' EXIT
mount -t overlay -o "lowerdir=/,upperdir=$over/upper,workdir=$over/work" overlay "$over/top"
make -s -C "$repo" BUILD="$BUILD" DESTDIR="$out/tree" PREFIX=/usr install > /dev/null
cp -r "$here/inside.sh" "$repo/tests/data" "$out"
cat > "$out/check.service" << 'END'
[Unit]
Description=Checks of trawl
[Service]
Type=oneshot
ExecStart=/bin/sh /check/inside.sh
TimeoutStartSec=300
END

# Its own filter of system calls would stand before that of the units, and knows neither Landlock nor openat2.
SYSTEMD_SECCOMP=0 timeout -k 10 400 systemd-nspawn --quiet --directory="$over/top" --boot --register=no \
	--keep-unit --capability=all --private-network --console=pipe --bind="$out:/check" \
	--bind-ro="$out/check.service:/etc/systemd/system/check.service" \
	systemd.unit=multi-user.target systemd.wants=check.service < /dev/null > "$out/console" 2>&1 || true
if [ ! -f "$out/result" ]; then
	echo "boot: the machine did not come up" >&2
	tail -20 "$out/console" >&2
	exit 1
fi
cat "$out/result"
grep -q '^boot: 0 failed' "$out/result" || { cat "$out/log" >&2; exit 1; }
