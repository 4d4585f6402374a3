# Completion of hako for bash. Options, containers and images are asked of the daemon, which answers in milliseconds; where
# none runs, none is started for it.
_hako_ask() {
    local socket=${HAKO_HOME:+$HAKO_HOME/run/hakod.sock}
    [ -w "${socket:-/run/hako/hakod.sock}" ] && hako "$@" 2>/dev/null </dev/null
}
_hako_options() { _hako_ask "$@" --help | grep -oE '(^|[[:space:],])--?[a-z][a-z-]*' | tr -d ' ,\t'; }
_hako_containers() { _hako_ask ps "$@" | awk 'NR > 1 { print $1; print $NF }'; }
_hako_images() { _hako_ask image ls | awk 'NR > 1 && $1 != "<none>" { print $1; print $1 ":" $2 }'; }

_hako() {
    local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} verb=${COMP_WORDS[1]} words='' files=
    case $verb in image | factory) [ "$COMP_CWORD" -le 2 ] || verb="$verb ${COMP_WORDS[2]}" ;; esac
    case $COMP_CWORD:$verb:$previous in
        1:*) words="run exec ps logs stop kill rm pause unpause update wait inspect stats image factory bench check version help" ;;
        2:image:*) words="ls pull load import rm" ;;
        2:factory:*) words="init status destroy" ;;
        *:-s | *:--signal | *:--stop-signal) words="TERM KILL INT HUP QUIT USR1 USR2 STOP CONT" ;;
        *:--network) words="bridge none" ;;
        *:-v | *:--volume | *:--env-file | *:--input | *:bench:-o | *:--output) files=yes ;;
        *)
            # shellcheck disable=SC2086
            case ${word%%[!-]*}:$verb in
                -*) words="$(_hako_options $verb) --help" ;;
                :run | ":image rm") words=$(_hako_images) ;;
                :exec | :logs | :stop | :kill | :pause | :unpause | :update | :wait | :stats) words=$(_hako_containers) ;;
                :rm | :inspect) words=$(_hako_containers -a) ;;
                ":image load" | ":image import") files=yes ;;
            esac
            ;;
    esac
    if [ -n "$files" ]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    else
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
    fi
}
complete -F _hako hako
