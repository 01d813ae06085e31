#!/usr/bin/env bash
# Looks for drift, and leaves the report and the history in the folder drift, to be kept as an
# artifact: drift.sh. It ends with 2 if there is drift. When the tenant cannot be reached, it keeps what it had.
source "${BASH_SOURCE[0]%/*}/common.sh"

restore drift
rm -f drift/drift.*
status=0
qlsync drift --tenant "$tenant" --history drift/history.jsonl \
  --report html=drift/drift.html --report json=drift/drift.json --report markdown=drift/drift.md || status=$?
summarize drift/drift.md
exit "$status"
