#!/usr/bin/env bash
# Runs a command of the action, on the event that it is for: run.sh plan|apply|drift|install|review|gate
set -euo pipefail
scripts=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

export REPORTS=$RUNNER_TEMP/reports # not in the workspace, where the repository could have files of these names
case $1:$GITHUB_EVENT_NAME in
  plan:pull_request | review:pull_request)
    # Runs of forks and of Dependabot get no secrets, and their token cannot comment.
    if [[ $HEAD_REPOSITORY == "$GITHUB_REPOSITORY" && $ACTOR != 'dependabot[bot]' ]]; then
      exec bash "$scripts/$1.sh" "$NUMBER"
    fi
    export BRANCH=$GITHUB_BASE_REF
    exec bash "$scripts/$1.sh"
    ;;
  install:pull_request) ;;
  *:pull_request*)
    fail "command $1 does not run on $GITHUB_EVENT_NAME: anyone who can open a pull request would run it with your secrets. Use command plan on pull_request."
    ;;
  apply:* | drift:*)
    export BRANCH=$GITHUB_REF_NAME
    exec bash "$scripts/$1.sh"
    ;;
  install:*) ;;
  review:* | gate:*) exec bash "$scripts/$1.sh" ;;
  plan:*) fail "command plan runs on pull_request, not on $GITHUB_EVENT_NAME." ;;
  *) fail "command $1 is unknown: use plan, apply, drift, install, review or gate." ;;
esac
