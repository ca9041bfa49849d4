# bash completion for trawl(1)

_trawl_takes()
{
	case $1 in
	search) echo --limit --offset --cursor --sort --order --no-snippet --sync --paths-only --null --group \
		--snippets --facets --recency --explain ;;
	suggest) echo --limit --names ;;
	status) echo --follow --until-idle ;;
	failures) echo --limit --offset ;;
	why) echo --part ;;
	cat) echo --part --parts --null ;;
	changes) echo --since --limit --follow ;;
	watch) echo --path --since --limit --no-snippet --paths-only --null ;;
	stats) echo --prometheus ;;
	rpc) echo --describe ;;
	esac
}

_trawl()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} verb='' i
	local verbs='search suggest status why sync failures cat changes watch stats roots reindex pause resume reload check shutdown
		rpc version help'
	local common='--json --socket --timeout --help'

	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--socket | --timeout | --limit | --offset | --cursor | --sort | --order | --part | --since | --snippets | --recency | --path | -n)
			((i++)) ;;
		-*) ;;
		*)
			verb=${COMP_WORDS[i]}
			break
			;;
		esac
	done
	case $prev in
	--socket | --path)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
		;;
	--sort)
		mapfile -t COMPREPLY < <(compgen -W 'relevance time size name path' -- "$cur")
		return
		;;
	--order)
		mapfile -t COMPREPLY < <(compgen -W 'asc desc' -- "$cur")
		return
		;;
	--timeout | --limit | --offset | --cursor | --part | --since | --snippets | --recency | -n) return ;;
	esac
	if [[ $cur == -* ]]; then
		[[ $verb ]] || common+=' --version'
		mapfile -t COMPREPLY < <(compgen -W "$common $(_trawl_takes "$verb")" -- "$cur")
		return
	fi
	case $verb in
	'' | help) mapfile -t COMPREPLY < <(compgen -W "$verbs" -- "$cur") ;;
	search | suggest) mapfile -t COMPREPLY < <(compgen -W "$(trawl suggest --limit=50 -- "$cur" 2>/dev/null)" -- "$cur") ;;
	why | cat | reindex)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		;;
	rpc)
		mapfile -t COMPREPLY < <(compgen -W 'search suggest cancel status stats explain sync failures document parts changes
			subscribe unsubscribe roots version rpc.discover reindex pause resume reload check shutdown' -- "$cur")
		;;
	esac
}

complete -F _trawl trawl
