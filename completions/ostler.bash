# bash completion for ostler. What may stand at the cursor is known by `ostler __complete`; this hands it the line.

_ostler() {
    local words=() position=0 word='' quote='' keep='' start=0 at=0 last=-1 before='' rest gap piece i
    # bash cuts the line at ":", "=" and "@", too, where COMP_WORDBREAKS has them: what no blank separates is put
    # together again.
    for ((i = 0; i < ${#COMP_WORDS[@]}; i++)); do
        piece=${COMP_WORDS[i]}
        rest=${COMP_LINE:at}
        gap=${rest%%[![:blank:]]*}
        ((at += ${#gap}))
        if [[ $last -ge 0 && -z $gap && -n $piece && ($piece != *[!:=@]* || $before != *[!:=@]*) ]]; then
            words[last]+=$piece
        else
            ((last += 1))
            words[last]=$piece
            start=$at
        fi
        if ((i == COMP_CWORD)); then
            position=$last
            ((COMP_POINT > start)) && word=${COMP_LINE:start:COMP_POINT-start}
        fi
        before=${piece:-blank}
        ((at += ${#piece}))
    done
    [[ $word == [\"\']* ]] && quote=${word:0:1}
    # Of the word, bash replaces what follows the last of those characters; a quoted one it has not cut.
    local breaks=${COMP_WORDBREAKS//[!:=@]/}
    [[ -z $quote && -n $breaks ]] && keep=${word%"${word##*[$breaks]}"}
    words[position]=$word
    for i in "${!words[@]}"; do words[i]=${words[i]//[\"\'\\]/}; done
    word=${words[position]}

    local item kind='' fixed='' helps=() longest=0 ostler=${1:-ostler}
    COMPREPLY=()
    while IFS= read -r item; do
        if [[ $item == $'\t'* ]]; then
            item=${item#$'\t'}
            kind=${item%%$'\t'*} fixed=${item#*$'\t'}
        else
            helps+=("${item#*$'\t'}")
            item=${item%%$'\t'*}
            item=${item#"$keep"}
            ((${#item} > longest)) && longest=${#item}
            COMPREPLY+=("$item")
        fi
    done < <("${ostler/#\~/$HOME}" __complete $((position - 1)) "${words[@]:1}" 2>/dev/null)
    compopt -o nosort 2>/dev/null

    if [[ -n $kind ]]; then
        local option=-f
        [[ $kind == directories ]] && option=-d
        compopt -o filenames 2>/dev/null # which quotes, and marks directories
        while IFS= read -r item; do
            item=$fixed$item
            COMPREPLY+=("${item#"$keep"}")
        done < <(compgen "$option" -- "${word#"$fixed"}")
        return
    fi
    [[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace 2>/dev/null
    if [[ $COMP_TYPE -eq 63 && ${#COMPREPLY[@]} -gt 1 ]]; then # "?": only to be listed
        for i in "${!COMPREPLY[@]}"; do
            printf -v item '%-*s  %s' "$longest" "${COMPREPLY[i]}" "${helps[i]}"
            COMPREPLY[i]=${item:0:${COLUMNS:-80}-3}
        done
    elif [[ -z $quote ]]; then
        for i in "${!COMPREPLY[@]}"; do printf -v 'COMPREPLY[i]' %q "${COMPREPLY[i]}"; done
    else # within quotes: what the shell would make something of there
        for i in "${!COMPREPLY[@]}"; do
            item=${COMPREPLY[i]}
            if [[ $quote == \' ]]; then
                item=${item//\'/\'\\\'\'}
            else
                item=${item//\\/\\\\} item=${item//\"/\\\"} item=${item//\$/\\\$} item=${item//\`/\\\`}
            fi
            COMPREPLY[i]=$item
        done
    fi
}

complete -F _ostler ostler
