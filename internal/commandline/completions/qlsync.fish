# Completes qlsync in fish.
function __qlsync_complete
    set -l words (commandline --tokenize --cut-at-cursor --current-process)
    set -l typed (commandline --current-token --cut-at-cursor)
    # A quote may still be open.
    set -l current (string unescape -- "$typed"; or string unescape -- "$typed'"; or string unescape -- "$typed\"")
    set -l found (command qlsync __complete $words[2..-1] "$current" 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\n' $found
    else
        # A file, also behind FORMAT=.
        set -l parts (string split --max 1 = -- "$current")
        if test (count $parts) -eq 2
            __fish_complete_path "$parts[2]" | string replace --regex '^' "$parts[1]="
        else
            __fish_complete_path "$current"
        end
    end
end
complete --command qlsync --no-files --arguments '(__qlsync_complete)'
