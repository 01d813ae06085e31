#!/usr/bin/env bash
# Merges the plans of the shards of a fleet, REPORTS/plan-*.jsonl, into plans.json, plans.md and plans.html in the same folder, and
# shows them in one comment on a pull request: review.sh [NUMBER]
# Without a number, the plans are only on the page of the run.
#
# If a shard has no report, a tenant could not be read or a change is refused, this ends with the exit code of one run on all
# tenants, after the comment is written. ALLOW_REFUSED=true lets the check pass if a change is refused.
kind=plans
source "${BASH_SOURCE[0]%/*}/common.sh"

allowed=
if [[ ${ALLOW_REFUSED:-} == true ]]; then allowed=--allow-refused; fi
page=', page: <code>plans.html</code> in its artifacts'
rm -rf "$reports"/plans.*
show "$reports/plans.md" merge "$reports"/plan-*.jsonl $allowed --report json="$reports/plans.json" --report html="$reports/plans.html"
if [[ -n ${1:-} ]]; then post "$1" "$reports/plans.md"; fi
summarize "$reports/plans.md"
exit "$plan_status"
