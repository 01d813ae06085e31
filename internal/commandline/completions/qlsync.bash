# Completes qlsync in bash 3.2 and newer.
_qlsync() {
  local words=() word current offset=0 i
  # Readline takes = and : for breaks between words; qlsync does not.
  for ((i = 1; i <= COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if ((${#words[@]} > 0)) && [[ ${COMP_WORDS[i - 1]} == [=:] || $word == [=:] ]]; then
      words[${#words[@]} - 1]+=$word
    else
      words+=("$word")
    fi
  done
  current=${words[${#words[@]} - 1]}
  word=${COMP_WORDS[COMP_CWORD]}
  [[ $word == [=:] ]] && word=
  offset=$((${#current} - ${#word}))

  COMPREPLY=()
  while IFS=$'\t' read -r word _; do
    [[ -n $word ]] && COMPREPLY+=("${word:offset}")
  done < <("${COMP_WORDS[0]}" __complete "${words[@]}" 2>/dev/null)
  if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then
    compopt -o nospace 2>/dev/null
  fi
  return 0
}
complete -o bashdefault -o default -F _qlsync qlsync
