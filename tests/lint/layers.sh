#!/bin/sh
# layers.sh - the rooms of the daemon include only rooms to their left; prints each include that does not, exits 1.
#
#   core <- store <- search,  core <- convert,  {store, convert} <- pipeline <- watch,  all <- serve <- main
#   cli: core and serve/frame.h only.  Converters: nothing of the daemon.
cd "$(dirname "$0")/../.." || exit 2

find daemon converters -name '*.[ch]' -o -name '*.tbl' | LC_ALL=C sort | xargs awk '
BEGIN {
	may["core"] = " core "
	may["store"] = " core store "
	may["search"] = " core store search "
	may["convert"] = " core convert "
	may["pipeline"] = " core store convert pipeline "
	may["watch"] = may["pipeline"] "watch "
	may["serve"] = " core store search convert pipeline watch serve "
	may["main"] = may["serve"]
	may["cli"] = " core cli "
}
function bad(why) {
	printf "%s:%d: %s includes \"%s\": %s\n", FILENAME, FNR, room, target, why
	failed = 1
}
FNR == 1 {
	split(FILENAME, part, "/")
	room = part[1] == "converters" ? "converters" : part[2] ~ /\./ ? "main" : part[2]
	if (room != "converters" && !(room in may)) {
		printf "%s: a room that this check does not know\n", FILENAME
		failed = 1
	}
}
/^[ \t]*#[ \t]*include[ \t]*"/ {
	split($0, quoted, "\"")
	target = quoted[2]
	split(target, part, "/")
	if (room == "converters") {
		if (target ~ /\// || target ~ /\.\./)
			bad("a converter knows only the headers in converters/lib")
	} else if (target == "schema.inc") {
		if (room != "store")
			bad("the schema is the store'"'"'s")
	} else if (target == "results.inc") {
		if (room != "serve")
			bad("the schemas of results are serve'"'"'s")
	} else if (target == "daemon.h" && room == "main")
		next
	else if (target !~ /\//)
		bad("a header is named by its room: room/header.h")
	else if (room == "cli" && target == "serve/frame.h")
		next
	else if (room in may && !index(may[room], " " part[1] " "))
		bad("only" may[room] "may be")
}
END { exit failed }
' || exit 1
