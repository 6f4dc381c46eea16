# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Shared by lab/image, lab/build and lab/run. Source it after set -eu.

lab=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tree=$(dirname "$lab")

# What a lab builds is outside the tree: a fresh clone finds it.
if [ -n "${BALLAST_LAB_CACHE:-}" ]; then
    cache=$BALLAST_LAB_CACHE
elif [ -n "${XDG_CACHE_HOME:-}${HOME:-}" ]; then
    cache=${XDG_CACHE_HOME:-$HOME/.cache}/ballast-lab
else
    cache=$tree/.cache/ballast-lab
fi

say() { echo "lab: $*" >&2; }

# The lab's own failures have a status that few commands use (like timeout and xargs).
readonly LAB_FAILED=125
fail() {
    say "$*"
    exit "$LAB_FAILED"
}

# Column N of a Xen's line in lab/versions; empty for an unknown Xen.
version_column() { awk -v xen="$1" -v n="$2" '$1 == xen { print $n }' "$lab/versions"; }

known_versions() { awk '!/^#/ { printf "%s%s", sep, $1; sep = ", " }' "$lab/versions"; }

# take_lock FD NAME WHAT: waits for other runs, with a message. The lock ends with the process.
take_lock() {
    mkdir -p "$cache"
    eval "exec $1>\"\$cache/$2.lock\""
    flock -n "$1" && return
    say "waiting for another run that $3"
    flock "$1"
}
