#!/usr/bin/env bash
# Ends with 0 only if the wave after WAVE may begin, and shows the results so far on the page of the run: gate.sh
#
# REPORTS has the results of this wave and of the earlier ones, as WAVE-SHARD-ATTEMPT.jsonl. An attempt that has begun has left a
# file WAVE-SHARD-ATTEMPT.begun before its first write: if its runner was lost, the results of the attempt before say nothing.
kind=plans
source "${BASH_SOURCE[0]%/*}/common.sh"

# is_lost BEGUN tells whether neither the attempt that left this file nor a later attempt of its shard has left results. Only a
# number may follow the shard: wave-2-0-1.jsonl is of shard 0 of wave-2, not of shard 2 of wave.
is_lost() {
  local attempt=${1##*-} later number
  for later in "${1%-*}"-*.jsonl; do
    number=${later#"${1%-*}"-}
    number=${number%.jsonl}
    if [[ -s $later && $number =~ ^[0-9]+$ ]] && ((number >= ${attempt%.begun})); then return 1; fi
  done
}

status=0
rm -rf "$reports/gate.md"
qlsync merge --gate "${WAVE:?}" "$reports"/*.jsonl --report markdown="$reports/gate.md" || status=$?
if [[ -f $reports/gate.md ]]; then summarize "$reports/gate.md"; fi
for begun in "$reports"/*.begun; do
  if [[ -f $begun ]] && is_lost "$begun"; then
    begun=${begun##*/}
    say "error: the run ${begun%.begun} (wave, shard, attempt) has begun and left no results, so the rollout may not go on. Run all jobs again."
    status=4
  fi
done
exit "$status"
