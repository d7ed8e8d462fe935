#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs missing packages, builds, runs every test, and ends with a line "N passed, N failed".
set -uo pipefail
me=test.sh
root=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")" && pwd) || exit 125
# shellcheck source=tools/setup.sh
. "$root/tools/setup.sh"

case ${1:-} in
-h | --help)
	printf 'usage: ./test.sh [MESON-TEST-ARGUMENT...], such as --suite kernel; the suites soak and nightly run only if they are named (--setup nightly: all that runs at night)\n'
	exit 0
	;;
esac
open_descriptors
lock
have_packages "${test_needs[@]}"
# Elsewhere the suite browser is skipped if there is no browser: it is larger than all other packages.
case " $* " in
*' --setup ci '* | *' --setup=ci '* | *' --setup nightly '* | *' --setup=nightly '*) (have_packages "${browser_needs[@]}") || printf '%s: without them the suite browser is skipped\n' "$me" >&2 ;;
esac
folder=$(build_folder build-test)
# The kernel has debugging information in any case. For the programs it would take a quarter of their compilation.
configure "$folder" -Dwerror=true -Dhost_tests=enabled -Ddebug=false
# The programs of the test `coverage` are a sixth of all to compile, so they are built only where that runs. There
# the hardened kernel has three expensive checks, too.
case " $* " in
*' --setup nightly '* | *' --setup=nightly '*)
	build "$folder" build.ninja # an older folder does not know of all options
	meson configure "$folder" -Dcoverage=true -Dall_checks=true < /dev/null >&2 9<&- || die 'the build could not be configured'
	build "$folder" build.ninja
	;;
*' --suite soak '* | *' --suite=soak '* | *' --setup all '* | *' --setup=all '*)
	# A debugger looks at the hardened kernel, too.
	build "$folder" build.ninja
	meson configure "$folder" -Ddebug=true < /dev/null >&2 9<&- || die 'the build could not be configured'
	build "$folder" build.ninja
	;;
esac
words=$(/usr/bin/python3 -I -B "$root/tools/test-names" "$folder" "$@") || exit
arguments=()
[ -z "$words" ] || mapfile -t arguments <<< "$words"
case " ${arguments[*]} " in
*' --list '*) exec meson test -C "$folder" --no-rebuild "${arguments[@]}" < /dev/null ;;
esac
build "$folder" all meson-test-prereq # since Meson 1.7 `all` does not include programs that only tests need
unlock
rm -f "$folder"/meson-logs/testlog*.json
# With a build from nothing (docs/testing.md).
aim=0
case " $* " in
*' --setup ci '* | *' --setup=ci '*) aim=720 ;;
esac
charge=()
case " ${arguments[*]} " in
*' --gdb '* | *' --wrapper'*) ;;
*) [ ! -x "$folder/tests/charge" ] || charge=(--wrapper "'$folder/tests/charge'") ;;
esac
times > "$folder/meson-logs/cpu.txt"
meson test -C "$folder" --no-rebuild --print-errorlogs "${charge[@]}" "${arguments[@]}" < /dev/null
status=$?
times >> "$folder/meson-logs/cpu.txt"
logs=("$folder"/meson-logs/testlog*.json) # its name has that of the setup, if there is one
/usr/bin/python3 -I -B "$root/tools/test-summary" "${logs[0]}" "$status" "$folder/meson-logs/cpu.txt" "$aim"
