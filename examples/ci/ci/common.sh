# What the pipelines share; sourced by plan.sh, apply.sh and drift.sh.
#
#   QLSYNC_TENANT, QLSYNC_PROJECT   which tenant of qlsync.yaml, and the name of the project
#
# The forge (github.sh or gitlab.sh) gives:
#
#   own_comments NUMBER          {"id", "body"} a line, oldest first, of the comments that this pipeline's own
#                                identity wrote on a pull request, and of nobody else's
#   own_body NUMBER ID           what that identity, and nobody after it, wrote into one of them
#   create_comment NUMBER FILE   writes one
#   update_comment NUMBER ID FILE
#   merged_number                the pull request whose merge this commit is, or nothing
#   head_of_branch               the commit that this branch is at now
#   last_artifact FILE           the zip file that the last nightly run kept, if there is one; no error passes for none
#   this_commit, this_run        the commit, and the address of this run
set -euo pipefail
shopt -s inherit_errexit
export LC_ALL=C

tenant=${QLSYNC_TENANT:?} project=${QLSYNC_PROJECT:?}
# The first line of a comment that shows a plan; the hash follows.
marker="<!-- qlsync:plan tenant=$tenant project=$project hash="

if [[ -n ${GITLAB_CI:-} ]]; then
  source "${BASH_SOURCE[0]%/*}/gitlab.sh"
else
  source "${BASH_SOURCE[0]%/*}/github.sh"
fi

say() { printf '%s\n' "$*" >&2; }

# plan_comment NUMBER gives the id of the comment that shows the plan. Only a first line counts as a marker: the rest
# of a comment may quote anything.
plan_comment() {
  own_comments "$1" | jq -rs --arg marker "$marker" \
    'map(select(.body | split("\n")[0] | startswith($marker))) | last | .id // empty'
}

# post NUMBER FILE shows a plan: in the comment that is there, or in a new one.
post() {
  local id
  id=$(plan_comment "$1")
  if [[ -n $id ]]; then
    update_comment "$1" "$id" "$2"
  else
    create_comment "$1" "$2"
  fi
}

# reviewed_hash NUMBER gives the hash of the plan that was shown, or nothing.
reviewed_hash() {
  local id line
  id=$(plan_comment "$1")
  [[ -n $id ]] || return 0
  line=$(own_body "$1" "$id")
  line=${line%%$'\n'*}
  line=${line#"$marker"}
  line=${line%%" -->"*}
  if [[ $line =~ ^sha256:[0-9a-f]{64}$ ]]; then printf '%s\n' "$line"; fi
}

# show_plan FILE [ARG...] writes the plan into FILE as a comment, or what is wrong if there is none. How qlsync ended is in
# plan_status.
show_plan() {
  local file=$1 title
  plan_status=0
  qlsync plan --tenant "$tenant" --format markdown "${@:2}" >"$file" 2>problems.txt || plan_status=$?
  cat problems.txt >&2
  if [[ ! -s $file ]]; then
    # An older plan must not stand there for this commit: what nobody could plan, nobody may apply.
    title="### qlsync: no plan for <code>$project</code> on tenant <code>$tenant</code>"
    { printf '%s\n\n%s\n\n' "${marker}none -->" "$title"; head -c 30000 problems.txt | sed 's/^/    /'; echo; } >"$file"
  elif [[ $(head -n 1 "$file") != "$marker"* ]]; then
    say "QLSYNC_PROJECT is $project, but the plan begins with: $(head -n 1 "$file")"
    exit 1
  fi
  printf '\n<sub>%s, [run](%s)</sub>\n' "$(this_commit)" "$(this_run)" >>"$file"
}

# restore FOLDER fills the folder with what the last nightly run kept.
restore() {
  mkdir -p "$1"
  last_artifact last.zip
  if [[ -f last.zip ]]; then unzip -q -o -j last.zip -d "$1"; fi
}

# summarize FILE shows it on the page of the run, where there is one.
summarize() { if [[ -n ${GITHUB_STEP_SUMMARY:-} && -s $1 ]]; then cat "$1" >>"$GITHUB_STEP_SUMMARY"; fi; }
