#compdef qlsync
# Completes qlsync in zsh. Works when sourced after compinit, and as a file _qlsync on fpath.
_qlsync() {
  local -a found open
  local word says
  while IFS=$'\t' read -r word says; do
    [[ -z $word ]] && continue
    # _describe reads a backslash as an escape.
    says=${${word//\\/\\\\}//:/\\:}${says:+:$says}
    if [[ $word == *= ]]; then
      open+=("$says")
    else
      found+=("$says")
    fi
  done < <("${words[1]}" __complete "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)
  if (( $#found + $#open == 0 )); then
    compset -P '*='
    _files
    return
  fi
  (( $#found )) && _describe 'qlsync' found
  (( $#open )) && _describe 'qlsync' open -S ''
  return 0
}
if [[ $funcstack[1] == _qlsync ]]; then
  _qlsync "$@"
else
  compdef _qlsync qlsync
fi
