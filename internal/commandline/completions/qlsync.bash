# Completes qlsync in bash 3.2 and newer.
_qlsync() {
  local words=() word current offset=0 i quote=
  # Readline takes = and : for breaks between words; qlsync does not.
  for ((i = 1; i <= COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if ((${#words[@]} > 0)) && [[ ${COMP_WORDS[i - 1]} == [=:] || $word == [=:] ]]; then
      words[${#words[@]} - 1]+=$word
    else
      words+=("$word")
    fi
  done
  word=${COMP_WORDS[COMP_CWORD]}
  [[ $word == [=:] ]] && word=
  [[ $word == [\"\']* ]] && quote=${word:0:1}
  # What is typed may be quoted; qlsync takes it as the shell would pass it on.
  words=("${words[@]//[\\\"\']/}")
  word=${word//[\\\"\']/}
  current=${words[${#words[@]} - 1]}
  offset=$((${#current} - ${#word}))

  COMPREPLY=()
  while IFS=$'\t' read -r word _; do
    [[ -n $word ]] || continue
    word=${word:offset}
    # A name may hold anything, and the shell must run none of it.
    if [[ -z $quote && -n $word ]]; then
      printf -v word %q "$word"
    elif [[ $quote == \' ]]; then
      word=${word//\'/\'\\\'\'}
    elif [[ $quote == \" ]]; then
      [[ $word == *!* ]] && continue # there is no way to write it between these quotes
      word=${word//\\/\\\\}
      word=${word//\"/\\\"}
      word=${word//\$/\\\$}
      word=${word//\`/\\\`}
    fi
    COMPREPLY+=("$word")
  done < <("${COMP_WORDS[0]}" __complete "${words[@]}" 2>/dev/null)
  if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then
    compopt -o nospace 2>/dev/null
  fi
  return 0
}
complete -o bashdefault -o default -F _qlsync qlsync
