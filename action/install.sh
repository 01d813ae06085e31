#!/usr/bin/env bash
# Installs a release of qlsync into a folder: install.sh VERSION FOLDER
#
# The archive is unpacked only if it has the expected SHA-256. The file checksums.txt next to this script has the checksums of
# earlier releases; those of other releases are in the release itself. QLSYNC_RELEASES is the address of a mirror.
set -euo pipefail
export LC_ALL=C

fail() {
  printf 'error: qlsync was not installed: %s\n' "$*" >&2
  exit 1
}

# fetch FILE downloads a file of the release into the current folder.
fetch() {
  local url="$releases/v$version/$1" code
  code=$(curl --silent --show-error --location --proto =https --retry 3 --max-time 300 \
    --output "$1" --write-out '%{http_code}' "$url") || fail "$url cannot be downloaded."
  case $code in
    200) ;;
    404) fail "there is no $url. Check the version: $releases has the releases." ;;
    *) fail "$url answers $code." ;;
  esac
}

sha256() { if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi <"$1" | cut -d ' ' -f 1; }

# listed FILE prints the checksum of the archive in a list.
listed() { awk -v name="$archive" '$2 == name || $2 == "*" name { print $1 }' "$1"; }

version=${1#v} folder=$2
releases=${QLSYNC_RELEASES:-https://github.com/qlsync/qlsync/releases/download}
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.]+)?$ ]] || fail "version \"$1\" is not a release such as v0.1.0."
kind=tar.gz
case $(uname -s) in
  Linux) os=linux ;;
  Darwin) os=darwin ;;
  MINGW* | MSYS* | CYGWIN*) os=windows kind=zip ;;
  *) fail "there is no release for $(uname -s)." ;;
esac
case $(uname -m) in
  x86_64 | amd64) arch=amd64 ;;
  aarch64 | arm64) arch=arm64 ;;
  *) fail "there is no release for $(uname -m)." ;;
esac
archive=qlsync_${version}_${os}_${arch}.$kind

here=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
rm -rf "$folder" "$folder.new"
mkdir -p "$folder.new"
cd "$folder.new"
expected=
if [[ -f $here/checksums.txt ]]; then expected=$(listed "$here/checksums.txt"); fi
if [[ -z $expected ]]; then
  fetch checksums.txt
  expected=$(listed checksums.txt)
fi
[[ $expected =~ ^[0-9a-f]{64}$ ]] || fail "checksums.txt does not list $archive exactly once."
fetch "$archive"
actual=$(sha256 "$archive")
[[ $actual == "$expected" ]] || fail "$archive has the SHA-256 $actual, want $expected. Do not use this file."
{ if [[ $kind == zip ]]; then unzip -q -o "$archive"; else tar -xzf "$archive"; fi; } || fail "$archive cannot be unpacked."
rm -f "$archive" checksums.txt
cd "$here"
mv "$folder.new" "$folder"
printf 'Installed qlsync v%s, SHA-256 %s.\n' "$version" "$actual" >&2
if [[ -n ${GITHUB_PATH:-} ]]; then
  if [[ $os == windows ]]; then cygpath -w "$folder"; else printf '%s\n' "$folder"; fi >>"$GITHUB_PATH"
fi
