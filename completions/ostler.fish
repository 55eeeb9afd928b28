# fish completion for ostler. What may stand at the cursor is known by `ostler __complete`; this hands it the line.

function __ostler_complete
    set -l words (commandline -opc)
    set -l word (string replace -ar '["\'\\\\]' '' -- (commandline -ct))
    for item in ($words[1] __complete (math (count $words) - 1) $words[2..] "$word" 2>/dev/null)
        if not string match -q \t'*' -- $item
            printf '%s\n' $item
            continue
        end
        set -l parts (string split \t -- $item)
        set -l path (string sub -s (math (string length -- "$parts[3]") + 1) -- "$word")
        if test $parts[2] = directories
            set -f paths (__fish_complete_directories "$path" '')
        else
            set -f paths (__fish_complete_path "$path")
        end
        test (count $paths) -gt 0; and printf '%s\n' $parts[3]$paths
    end
end

complete -c ostler -f -k -a '(__ostler_complete)'
