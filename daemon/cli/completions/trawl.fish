# fish completion for trawl(1)

set -l verbs search suggest status why sync failures cat changes watch stats roots reindex pause resume reload check shutdown rpc version help

complete -c trawl -f
complete -c trawl -l json -d "print the daemon's result object"
complete -c trawl -l socket -r -F -d "the daemon's socket"
complete -c trawl -l timeout -x -d 'how long to wait: 500ms 5s 2m'
complete -c trawl -s h -l help -d 'show help'
complete -c trawl -s V -l version -d 'show the version'

set -l none "not __fish_seen_subcommand_from $verbs"
complete -c trawl -n $none -a search -d 'find documents, best first'
complete -c trawl -n $none -a suggest -d 'how the last word may go on'
complete -c trawl -n $none -a status -d 'what the daemon is doing'
complete -c trawl -n $none -a why -d 'why a file is found, or is not'
complete -c trawl -n $none -a sync -d 'wait until every change made so far can be found'
complete -c trawl -n $none -a failures -d 'files whose text could not be had, and why'
complete -c trawl -n $none -a cat -d 'the text that was taken from a document'
complete -c trawl -n $none -a changes -d 'what changed since a clock'
complete -c trawl -n $none -a watch -d 'what comes to match a query, as it happens'
complete -c trawl -n $none -a stats -d 'counters and latencies'
complete -c trawl -n $none -a roots -d 'the directories that are indexed'
complete -c trawl -n $none -a reindex -d 'read a file, a directory or everything again'
complete -c trawl -n $none -a pause -d 'stop converting'
complete -c trawl -n $none -a resume -d 'go on converting'
complete -c trawl -n $none -a reload -d 'read the configuration again'
complete -c trawl -n $none -a check -d 'prove that the store is sound'
complete -c trawl -n $none -a shutdown -d 'end the daemon'
complete -c trawl -n $none -a rpc -d 'send one request as it is'
complete -c trawl -n $none -a version -d 'versions of this program and of the daemon'
complete -c trawl -n $none -a help -d 'the verbs, or one verb and its options'

complete -c trawl -n '__fish_seen_subcommand_from search suggest failures changes watch' -s n -l limit -x -d 'at most N of them'
complete -c trawl -n '__fish_seen_subcommand_from search failures' -l offset -x -d 'pass over the first N'
complete -c trawl -n '__fish_seen_subcommand_from suggest' -l names -d 'also files and directories by name'
complete -c trawl -n '__fish_seen_subcommand_from search' -l cursor -x -d 'go on behind that page'
complete -c trawl -n '__fish_seen_subcommand_from search' -l sort -x -a 'relevance time size name path' -d 'by what'
complete -c trawl -n '__fish_seen_subcommand_from search' -l order -x -a 'asc desc' -d 'which end first'
complete -c trawl -n '__fish_seen_subcommand_from search watch' -l no-snippet -d 'do not show where the words stand'
complete -c trawl -n '__fish_seen_subcommand_from search' -l sync -d 'first wait for changes made so far'
complete -c trawl -n '__fish_seen_subcommand_from search watch' -s l -l paths-only -d 'print paths and nothing else'
complete -c trawl -n '__fish_seen_subcommand_from search cat watch' -s 0 -l null -d 'each path ended by a NUL byte'
complete -c trawl -n '__fish_seen_subcommand_from search' -l group -d 'each file once, with the best of its parts'
complete -c trawl -n '__fish_seen_subcommand_from search' -l snippets -x -d 'so many places where the words stand'
complete -c trawl -n '__fish_seen_subcommand_from search' -l facets -d 'count the result by value'
complete -c trawl -n '__fish_seen_subcommand_from search' -l recency -x -d 'prefer what is new'
complete -c trawl -n '__fish_seen_subcommand_from search' -l explain -d 'say how the query was understood'
complete -c trawl -n '__fish_seen_subcommand_from status changes' -s f -l follow -d 'keep showing'
complete -c trawl -n '__fish_seen_subcommand_from status' -l until-idle -d 'end when everything is indexed'
complete -c trawl -n '__fish_seen_subcommand_from cat why' -l part -x -d 'a part inside the document'
complete -c trawl -n '__fish_seen_subcommand_from cat' -l parts -d 'list the parts inside the document'
complete -c trawl -n '__fish_seen_subcommand_from changes watch' -l since -x -d 'only what changed after it'
complete -c trawl -n '__fish_seen_subcommand_from watch' -l path -r -F -d 'what changes there'
complete -c trawl -n '__fish_seen_subcommand_from stats' -l prometheus -d "in Prometheus' text format"
complete -c trawl -n '__fish_seen_subcommand_from rpc' -l describe -d 'print the protocol, described for programs (OpenRPC)'
complete -c trawl -n '__fish_seen_subcommand_from why cat reindex' -F
complete -c trawl -n '__fish_seen_subcommand_from help' -a "$verbs"
