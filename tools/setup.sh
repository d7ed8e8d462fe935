# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What run.sh and test.sh share: installing packages, the lock for set-up and build, and the build folder.
# The caller sets $root (the project), $me (its name, for messages) and sources this.
: "${root:?}" "${me:?}"

# Each line: a command, or a file's path, to look for, and the package that contains it. Releases may name the package
# differently: of names with | between them the first that exists is installed.
run_needs=(
	'python3 python3'
	'meson meson'
	'ninja ninja-build'
	'riscv64-linux-gnu-gcc gcc-riscv64-linux-gnu'
	'/usr/riscv64-linux-gnu/lib/libc.a libc6-dev-riscv64-cross'
	'qemu-system-riscv64 qemu-system-riscv|qemu-system-misc'
	'/usr/share/qemu/opensbi-riscv64-generic-fw_dynamic.bin opensbi'
)
# shellcheck disable=SC2034 # used by tools/grader
lab_needs=(
	"${run_needs[@]}"
	'cc gcc'
	'/usr/include/stdio.h libc6-dev'
)
# shellcheck disable=SC2034 # used by tools/lab
teacher_needs=(
	"${lab_needs[@]}"
	'git git'
	'bwrap bubblewrap'
)
# shellcheck disable=SC2034 # used by test.sh
test_needs=(
	"${teacher_needs[@]}"
	'gcov gcc'
	'riscv64-linux-gnu-g++ g++-riscv64-linux-gnu'
	'/usr/include/cmocka.h libcmocka-dev'
	'/usr/include/libfdt.h libfdt-dev'
	'/usr/lib/python3/dist-packages/pexpect/__init__.py python3-pexpect'
	'dtc device-tree-compiler'
	'cpio cpio'
	'gdb-multiarch gdb-multiarch'
	'shellcheck shellcheck'
	'clang-format clang-format'
	'cppcheck cppcheck'
	'spin spin'
	'/usr/lib/python3/dist-packages/sphinx/__init__.py python3-sphinx'
	'/usr/lib/python3/dist-packages/myst_parser/__init__.py python3-myst-parser'
	'/usr/lib/python3/dist-packages/furo/__init__.py furo'
)
# For the suite browser, which is skipped without them.
# shellcheck disable=SC2034 # used by test.sh
browser_needs=(
	'chromium chromium'
	'chromedriver chromium-driver'
	'/usr/lib/python3/dist-packages/selenium/__init__.py python3-selenium'
)

# die REASON [STATUS]
die() {
	printf '%s: %s\n' "$me" "$1" >&2
	exit "${2:-125}"
}

# logged FILE COMMAND...: runs a command with its output there. It runs in the background, as everything that takes long:
# a shell runs its traps only after a command in the foreground.
logged() {
	local log=$1
	shift
	"$@" < /dev/null > "$log" 2>&1 9<&- &
	wait $!
}

# Ends what runs, and says so in one line: ended SIGNAL NUMBER
ended() {
	trap '' INT TERM HUP
	local running
	mapfile -t running < <(jobs -p)
	[ ${#running[@]} = 0 ] || { kill "${running[@]}" && wait "${running[@]}"; }
	die "ended by SIG$1" $((128 + $2))
}

# Shows why a command failed, from its log: ninja's first failure, or else the last lines.
show_failure() {
	if grep -q '^FAILED: ' "$1" 2> /dev/null; then
		sed -n '/^FAILED: /,$p' "$1" | head -n 40 >&2
	else
		tail -n 20 "$1" >&2
	fi
}

# The next file that is opened would take the number of a closed standard stream. /dev/null is opened for reading, so
# that writing to it still fails. Python does not start if its input is a directory.
open_descriptors() {
	{ true <&0; } 2> /dev/null || exec < /dev/null
	{ true >&2; } 2> /dev/null || exec 2< /dev/null
	{ true >&1; } 2> /dev/null || exec 1< /dev/null
	[ ! -d /dev/stdin ] || die 'standard input is a directory' 2
}

# Prints the packages for what is missing, one on each line, alternatives as a|b.
missing_packages() {
	local need
	for need in "$@"; do
		case $need in
		/*) [ -e "${need%% *}" ] || printf '%s\n' "${need#* }" ;;
		*) command -v "${need%% *}" > /dev/null || printf '%s\n' "${need#* }" ;;
		esac
	done
}

# Prints for each line a|b the first package that apt can install, or the last one if it can install none.
choose_packages() {
	local line name
	while read -r line; do
		for name in ${line//|/ }; do
			# Not piped to grep -q: apt-cache would fail if grep ended before it has written all.
			[[ $(LC_ALL=C apt-cache policy "$name" 2> /dev/null) == *'Candidate: '[0-9]* ]] && break
		done
		printf '%s\n' "$name"
	done
}

# Runs a command as root, with sudo if needed.
as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}

may_be_root() {
	[ "$(id -u)" = 0 ] && return 0
	command -v sudo > /dev/null || return 1
	sudo -n true 2> /dev/null || { true < /dev/tty; } 2> /dev/null
}

# Retries: DPkg::Lock::Timeout does not cover the lock of the package lists.
apt_update() {
	local said tries
	for ((tries = 0; tries < 120; tries++)); do
		said=$(LC_ALL=C as_root apt-get update -q 2>&1 < /dev/null) && return 0
		case $said in
		*'Could not get lock'*) sleep 5 ;;
		*) break ;;
		esac
	done
	printf '%s\n' "$said" >&2
}

install_packages() {
	local packages
	command -v apt-get > /dev/null || die "these are missing, and there is no apt-get to install them: ${*//|/ or }"
	if ! may_be_root; then
		mapfile -t packages < <(printf '%s\n' "$@" | choose_packages)
		die "packages are missing: sudo apt-get install -y --no-install-recommends ${packages[*]}"
	fi
	printf '%s: installing %s\n' "$me" "${*//|/ or }" >&2
	apt_update
	mapfile -t packages < <(printf '%s\n' "$@" | choose_packages)
	apt_install "${packages[@]}" ||
		die "packages could not be installed: sudo apt-get install -y --no-install-recommends ${packages[*]}"
}

# A terminal sees what apt says; otherwise only the end of it is shown, and only if it fails.
apt_install() {
	local command said
	command=(env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 -q -y install --no-install-recommends "$@")
	if [ -t 2 ]; then
		as_root "${command[@]}" < /dev/null >&2
	else
		said=$(as_root "${command[@]}" 2>&1 < /dev/null) || { printf '%s\n' "$said" | tail -n 20 >&2 && return 1; }
	fi
}

# Installs the packages for those of these needs that are missing.
have_packages() {
	local missing
	mapfile -t missing < <(missing_packages "$@")
	[ ${#missing[@]} = 0 ] && return
	install_packages "${missing[@]}"
	mapfile -t missing < <(missing_packages "$@")
	[ ${#missing[@]} = 0 ] || die "still missing after the installation: ${missing[*]//|/ or }"
}

# Only one set-up or build runs at a time. The project's folder itself is locked, so that no file has to be written. A
# message is printed only after two seconds: a build with nothing to do takes less.
lock() {
	trap 'ended INT 2' INT
	trap 'ended TERM 15' TERM
	trap 'ended HUP 1' HUP
	exec 9< "$root"
	flock -w 2 9 &
	wait $! && return
	printf '%s: waiting for another run.sh or test.sh, which is building\n' "$me" >&2
	flock 9 &
	wait $!
}

unlock() {
	exec 9<&-
	trap - INT TERM HUP
}

# Prints the build folder: in the project or, if that is not writable, in the user's cache. Without HOME the shell takes
# ~ from the password file.
build_folder() {
	local home=${HOME-~}
	if [ -w "$root" ] || [ -w "$root/$1" ]; then
		printf '%s\n' "$root/$1"
	else
		printf '%s\n' "${XDG_CACHE_HOME:-$home/.cache}/faultline/$(printf '%s' "$root" | cksum | tr ' ' -)/$1"
	fi
}

# Succeeds if a build folder was made for these sources. A copy of a build folder belongs to the tree that it was copied from:
# ninja would build there.
is_ours() {
	local info=$1/meson-info/meson-info.json source
	[ -e "$info" ] || return 0
	[[ $(< "$info") == *"\"source\": \"$root\""* ]] && return
	source=$(python3 -I -S -c 'import json, sys; print(json.load(open(sys.argv[1]))["directories"]["source"])' "$info") &&
		[ "$source" -ef "$root" ]
}

# configure FOLDER [OPTION...]
configure() {
	local folder=$1 log=$1/setup.log
	shift
	if [ -e "$folder/build.ninja" ]; then
		is_ours "$folder" && return
		printf '%s: %s was set up for other sources, and is set up anew\n' "$me" "$folder" >&2
		find "$folder/" -mindepth 1 -delete || die "$folder cannot be emptied: remove it"
	fi
	mkdir -p "$folder" || die "there is no place to build: neither $root can be written nor $folder be made"
	rm -rf "$folder/meson-private" # of a set-up that was interrupted: meson would take it for a whole one
	printf '%s: setting up %s\n' "$me" "$folder" >&2
	logged "$log" meson setup "$folder" "$root" --cross-file "$root/cross-riscv64.ini" "$@" ||
		{ show_failure "$log" && die "the build could not be configured (its log: $folder/meson-logs/meson-log.txt)"; }
}

# Copies ninja's output to a log, and shows on a terminal how far it is.
follow_ninja() {
	local line shown=
	while IFS= read -r line; do
		printf '%s\n' "$line" >&3
		if [ -t 2 ] && [[ $line =~ ^\[([0-9]+/[0-9]+)\] ]]; then
			printf '\r%s: %s' "$me" "${BASH_REMATCH[1]}" >&2
			shown=yes
		fi
	done 3> "$1"
	[ -z "$shown" ] || printf '\r\33[K' >&2
}

# build FOLDER [TARGET...]: prints nothing if there is nothing to do.
build() {
	local folder=$1 log=$1/build.log said steps status
	shift
	said=$(ninja -C "$folder" -n "$@" 2>&1 < /dev/null 9<&-) || true
	[[ $said == *'no work to do'* ]] && return
	steps=${said##*$'\n['}
	steps=${steps%%]*}
	printf '%s: building%s; the log is %s\n' "$me" "${steps:+ in ${steps#*/} steps}" "$log" >&2
	logged >(follow_ninja "$log") ninja -C "$folder" "$@"
	status=$?
	wait # for the end of the log
	[ $status = 0 ] || { show_failure "$log" && die "the build failed: its log is $log"; }
}
