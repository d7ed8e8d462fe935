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
)

# die REASON [STATUS]
die() {
	printf '%s: %s\n' "$me" "$1" >&2
	exit "${2:-125}"
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
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 -q -y \
		install --no-install-recommends "${packages[@]}" < /dev/null >&2 ||
		die "packages could not be installed: sudo apt-get install -y --no-install-recommends ${packages[*]}"
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
	exec 9< "$root"
	flock -w 2 9 && return
	printf '%s: waiting for another run.sh or test.sh, which is building\n' "$me" >&2
	flock 9
}

unlock() {
	exec 9<&-
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

# configure FOLDER [OPTION...]
configure() {
	local folder=$1
	shift
	[ -e "$folder/build.ninja" ] && return
	mkdir -p "$folder" || die "there is no place to build: neither $root can be written nor $folder be made"
	meson setup "$folder" "$root" --cross-file "$root/cross-riscv64.ini" "$@" < /dev/null >&2 9<&- ||
		die "the build could not be configured (its log: $folder/meson-logs/meson-log.txt)"
}

# build FOLDER [TARGET...]: prints nothing if there is nothing to do.
build() {
	local folder=$1 said
	shift
	said=$(ninja -C "$folder" -n "$@" 2>&1 < /dev/null 9<&-) || true
	[[ $said == *'no work to do'* ]] && return
	ninja -C "$folder" "$@" < /dev/null >&2 9<&- || die "the build failed"
}
