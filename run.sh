#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Runs a program on Faultline in QEMU (see ./run.sh --help). Installs missing packages and builds first.
set -uo pipefail
me=run.sh
root=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")" && pwd) || exit 125
# shellcheck source=tools/setup.sh
. "$root/tools/setup.sh"

open_descriptors
command -v python3 > /dev/null || have_packages 'python3 python3'
python=/usr/bin/python3
[ -x $python ] || python=python3
exec $python -I -S "$root/tools/run.py" "$@"
