#!/bin/sh
# Sets up what the tests of the report need: a Chromium, and axe-core by the version and digest of the lock file.
# What cannot be installed is named in one line; its tests are then skipped.
set -u
here=$(dirname "$0")
into=$1  # the virtual environment

found() { for name in chromium chromium-browser google-chrome; do command -v "$name" >/dev/null && return 0; done; return 1; }
if ! found && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  apt-get install -y -qq --no-install-recommends chromium >/dev/null 2>&1 ||
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; } >/dev/null 2>&1
fi
found || echo "tests of the report in a browser are skipped: install chromium (Debian: sudo apt-get install chromium)"

if command -v npm >/dev/null; then
  mkdir -p "$into/browser" && cp "$here/package.json" "$here/package-lock.json" "$into/browser/" &&
    (cd "$into/browser" && npm ci --ignore-scripts --no-audit --no-fund >/dev/null 2>&1)
fi
[ -f "$into/browser/node_modules/axe-core/axe.min.js" ] ||
  echo "tests of the report's accessibility are skipped: install npm, then run 'sh $0 $into'"
exit 0
