#!/bin/sh
# inside.sh - what run.sh has done inside of the booted machine; writes /check/result and /check/log.
exec > /check/log 2>&1
failed=0
passed=0

# check NAME COMMAND...: one line of the result.
check() {
	name=$1
	shift
	if "$@"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "  FAIL   $name" >> /check/result.part
	fi
}
says() { # says PATTERN COMMAND...
	pattern=$1
	shift
	"$@" 2>&1 | tee /dev/stderr | grep -Eqa "$pattern"
}
mode() { trawl status --json | grep -Eqa '"satisfied": ?true'; }
as_anna() { setpriv --reuid=anna --regid=anna --init-groups env HOME=/srv/anna XDG_RUNTIME_DIR="/run/user/$(id -u anna)" "$@"; }

cp -a /check/tree/. /
mkdir -p /srv/docs /srv/anna/private /etc/trawl
cp -r /check/data/. /srv/docs
chmod -R a+rX /srv/docs
useradd -d /srv/anna anna
useradd -M berta
echo 'turbot that anna alone may see' > /srv/anna/private/turbot.txt
chown -R anna: /srv/anna
chmod 700 /srv/anna/private
printf '[daemon]\nmode = system\n[root docs]\npath = /srv/docs\n[root anna]\npath = /srv/anna\n' > /etc/trawl/trawld.conf
systemd-sysusers
systemctl daemon-reload

check 'the system service starts' systemctl start trawld.socket trawld.service
check 'everything is indexed' trawl sync --timeout 60s
trawl status
trawl failures
check 'the sandbox is what is required' mode
check 'a PDF is found' says 'herring.pdf' trawl search 'fishermen type:application/pdf'
check 'a document of the office is found' says 'office/' trawl search 'path:office ext:odt,docx'
check 'a part is found' says '//' trawl search 'path:archive type:text/plain'
check "nothing is found of nothing" says "^0 of" trawl search nothingofthekind
check 'anna finds what is hers' says 'turbot.txt' setpriv --reuid=anna --regid=anna --init-groups trawl search turbot
check 'berta does not' says '^0 of' setpriv --reuid=berta --regid=berta --init-groups trawl search turbot
check 'a reload' systemctl reload trawld.service
echo 'nonsense = 1' >> /etc/trawl/trawld.conf
check 'a wrong configuration fails the reload' sh -c '! systemctl reload trawld.service'
check 'and the daemon goes on' says 'herring' trawl search herring
check 'a change is seen' sh -c 'echo anchovy > /srv/docs/new.txt; trawl sync && trawl search anchovy | grep -q new.txt'
check 'it stops in good order' sh -c 'systemctl stop trawld.socket trawld.service; ! systemctl is-failed -q trawld.service'
journalctl -u trawld --no-pager | tail -50

mkdir -p /srv/anna/.config/trawl
printf '[root docs]\npath = /srv/docs\n' > /srv/anna/.config/trawl/trawld.conf
chown -R anna: /srv/anna/.config
check 'a manager for anna' systemctl start "user@$(id -u anna).service"
check 'her service starts' as_anna systemctl --user start trawld.service
check 'and indexes' as_anna trawl sync --timeout 60s
as_anna trawl status
check 'with its sandbox' says '"satisfied": ?true' as_anna trawl status --json
check 'and finds' says 'herring.pdf' as_anna trawl search 'fishermen type:application/pdf'
check 'her reload' as_anna systemctl --user reload trawld.service
as_anna journalctl --user -u trawld --no-pager | tail -20

{
	cat /check/result.part 2> /dev/null
	echo "boot: $failed failed, $passed passed"
} > /check/result
systemctl poweroff
