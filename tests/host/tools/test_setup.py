#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The installation of what is missing, with an apt, a sudo and an id that only play those."""

import fcntl
import json
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile

from base import ROOT, TOOLS
from runner import options
from lib.tap import Skip, case, equal, has, lacks, main

APT = """\
#!/bin/sh
echo "apt-get $*" >> "$LOG"
case $* in
update*|*' update')
	if [ -e "$BIN/locked" ]; then rm "$BIN/locked"; echo 'E: Could not get lock /var/lib/apt/lists/lock' >&2; exit 100; fi ;;
*install*) [ -e "$BIN/broken" ] || { printf '#!/bin/sh\\n' > "$BIN/wanted"; chmod +x "$BIN/wanted"; } ;;
esac
"""
CACHE = """\
#!/bin/sh
[ "$2" = new-name ] && [ ! -e "$BIN/new" ] && exit 0
echo "  Candidate: 1.2"
n=0
while [ $n -lt 5000 ] && echo "    500 file:/mirror/of/packages"; do n=$((n + 1)); done
[ $n = 5000 ]
"""
SCRIPT = 'set -uo pipefail; root=$1 me=run.sh; . "$1/tools/setup.sh"; sleep() { :; }; have_packages "wanted new-name|old-name"; echo done'


LISTS = """root=$1 me=test
. "$root/tools/setup.sh"
printf '%s\\n' "${teacher_needs[@]}" | cut -d' ' -f2
"""


@case
def the_labs_container_has_the_packages_that_a_teacher_needs():
    wanted = subprocess.run(["bash", "-c", LISTS, "bash", ROOT], capture_output=True, text=True, check=True).stdout.split()
    path = os.path.join(ROOT, "labs/Containerfile")
    if not os.path.exists(path):
        raise Skip("students' trees have no labs")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    said = text.partition("--no-install-recommends")[2].partition("&&")[0].replace("\\", " ").split()
    one_of = [set(names.split("|")) for names in [*wanted, "gdb-multiarch"]]  # what --why tells to debug with
    equal([], [names for names in one_of if not names & set(said)], "packages that are missing")
    equal([], [name for name in said if not any(name in names for names in one_of)], "packages that nobody needs")
    equal(sorted(said), said, "the order")


class Machine:
    """A machine that lacks one command."""

    def __init__(self, place, uid="0", sudo=None, apt=APT):
        self.bin, self.log = place, os.path.join(place, "log")
        commands = {"id": f"echo {uid}", "apt-get": apt, "apt-cache": CACHE}
        if sudo is not None:
            commands["sudo"] = sudo
        for name, text in commands.items():
            if text:
                self.write(name, text if text.startswith("#!") else "#!/bin/sh\n" + text + "\n")
        for name in ("bash", "sh", "env", "grep", "printf", "rm", "chmod", "cat", "true"):
            os.symlink(f"/usr/bin/{name}", os.path.join(place, name))

    def write(self, name, text):
        """Makes a command, or a mark that the played ones look at."""
        with open(os.path.join(self.bin, name), "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(os.path.join(self.bin, name), 0o755)

    def set_up(self):
        """Has the packages installed; gives (status, standard error, what apt was asked for)."""
        done = subprocess.run(["/usr/bin/bash", "-c", SCRIPT, "x", ROOT], text=True, capture_output=True, check=False,
                              env={"PATH": self.bin, "LOG": self.log, "BIN": self.bin}, start_new_session=True)
        asked = ""
        if os.path.exists(self.log):
            with open(self.log, encoding="utf-8") as file:
                asked = file.read()
        return done.returncode, done.stderr, asked


def machine(*marks, **names):
    """Gives the result of a set-up on a machine with these marks."""
    with tempfile.TemporaryDirectory() as place:
        one = Machine(place, **names)
        for mark in marks:
            one.write(mark, "")
        return one.set_up()


@case
def root_updates_and_installs():
    status, err, asked = machine("new")
    equal(0, status, f"status, {err}")
    lines = asked.splitlines()
    has(lines[0], "update", "the first that apt was asked for")
    has(lines[1], "install --no-install-recommends new-name", "the second")
    has(lines[1], "Lock::Timeout", "the second")


@case
def the_older_name_where_the_new_one_is_unknown():
    has(machine()[2], "install --no-install-recommends old-name", "what apt was asked for")


@case
def the_new_name_however_much_there_is_to_say_of_it():
    for _ in range(5):
        has(machine("new")[2], "install --no-install-recommends new-name", "what apt was asked for")


@case
def test_sh_builds_what_only_tests_need():
    """Meson 1.7 leaves that out of the default target."""
    with tempfile.TemporaryDirectory() as place:
        for name in ("test.sh", "tools/setup.sh"):
            os.makedirs(os.path.dirname(os.path.join(place, name)), exist_ok=True)
            shutil.copy(os.path.join(ROOT, name), os.path.join(place, name))
        log = os.path.join(place, "log")
        for name, text in {"bin/ninja": f'#!/bin/sh\necho "$*" >> {log}\n', "bin/meson": "#!/bin/sh\n",
                           "tools/test-names": "", "tools/test-summary": ""}.items():
            os.makedirs(os.path.dirname(os.path.join(place, name)), exist_ok=True)
            with open(os.path.join(place, name), "w", encoding="ascii") as file:
                file.write(text)
            os.chmod(os.path.join(place, name), 0o755)
        path = os.path.join(place, "bin") + ":" + os.environ["PATH"]
        subprocess.run([os.path.join(place, "test.sh")], env={**os.environ, "PATH": path}, capture_output=True, check=True)
        with open(log, encoding="ascii") as file:
            built = file.read().splitlines()[-1].split()
        equal(["all", "meson-test-prereq"], built[2:], "targets")


@case
def only_ci_installs_a_browser():
    for words, wanted in ((["--setup", "ci"], True), (["--setup=ci"], True), (["--setup", "nightly"], True), ([], False), (["--setup", "all"], False)):
        with tempfile.TemporaryDirectory() as place:
            tree = Machine(place)
            os.makedirs(os.path.join(place, "tools"))
            shutil.copy(os.path.join(ROOT, "test.sh"), place)
            with open(os.path.join(TOOLS, "setup.sh"), encoding="utf-8") as file:
                text = file.read()
            tree.write("tools/setup.sh", text.replace("'chromium chromium'", "'no-such-browser chromium'"))
            for name in ("ninja", "meson", "tools/test-names", "tools/test-summary"):
                tree.write(name, "" if name.startswith("tools") else "#!/bin/sh\n")
            done = subprocess.run([os.path.join(place, "test.sh"), *words], capture_output=True, text=True, check=False,
                                  env={**os.environ, "PATH": place + ":" + os.environ["PATH"], "LOG": tree.log, "BIN": place})
            asked = ""
            if os.path.exists(tree.log):
                with open(tree.log, encoding="utf-8") as file:
                    asked = file.read()
            equal((wanted, wanted), ("install --no-install-recommends chromium" in asked, "still missing" in done.stderr), f"{words}: {done.stderr}")


@case
def the_lists_lock_is_waited_for():
    status, _err, asked = machine("locked")
    equal((0, 2), (status, asked.count("update")), "status and updates")


@case
def sudo_that_asks_for_nothing_is_used():
    status, err, asked = machine(uid="1000", sudo='[ "$1" = -n ] && shift; exec "$@"')
    equal(0, status, f"status, {err}")
    has(asked, "install", "what apt was asked for")


@case
def sudo_that_cannot_ask_is_not_used():
    status, err, asked = machine(uid="1000", sudo='[ "$1" = -n ] && exit 1; exec "$@"')
    equal((125, ""), (status, asked), "status and what apt was asked for")
    last = err.splitlines()[-1]
    equal("run.sh: packages are missing: sudo apt-get install -y --no-install-recommends old-name", last, "last line")


@case
def without_sudo_the_line_to_paste():
    status, err, _asked = machine(uid="1000")
    equal(125, status, "status")
    has(err.splitlines()[-1], "sudo apt-get install -y --no-install-recommends old-name", "last line")


@case
def without_apt_the_names():
    status, err, _asked = machine(apt=None)
    equal(125, status, "status")
    has(err.splitlines()[-1], "new-name or old-name", "last line")


@case
def an_installation_that_fails_is_125():
    status, err, _asked = machine("broken")
    equal(125, status, "status")
    has(err.splitlines()[-1], "run.sh: still missing", "last line")


@case
def nothing_is_done_where_nothing_is_missing():
    with tempfile.TemporaryDirectory() as place:
        one = Machine(place)
        one.write("wanted", "#!/bin/sh\n")
        status, err, asked = one.set_up()
        equal((0, "", ""), (status, err, asked), "all")


@case
def a_devcontainer_installs_them():
    """Here, where they are, its command has nothing to do."""
    with open(os.path.join(ROOT, ".devcontainer/devcontainer.json"), encoding="utf-8") as file:
        words = json.load(file)["postCreateCommand"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, stdin=subprocess.DEVNULL, check=False)
    equal((["tools/install-packages"], 0, b"", b""), (words, done.returncode, done.stdout, done.stderr), "how it ended")


@case
def no_package_host_is_named():
    for name in ("run.sh", "test.sh", "tools/setup.sh", "tools/oracle/get-linux"):
        with open(os.path.join(ROOT, name), encoding="utf-8") as file:
            lacks(file.read(), "://deb", name)


def sourced(root, script, **environment):
    """Runs a script that has sourced tools/setup.sh; gives the process."""
    head = f'set -u; root=$1 me=run.sh; . "{TOOLS}/setup.sh"; '
    return subprocess.Popen(["bash", "-c", head + script, "x", root], text=True, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, env={"PATH": os.environ["PATH"], **environment})


@case
def another_build_is_waited_for_and_that_is_said():
    with tempfile.TemporaryDirectory() as place:
        held = os.open(place, os.O_RDONLY)
        fcntl.flock(held, fcntl.LOCK_EX)
        process = sourced(place, "lock; echo locked")
        equal("run.sh: waiting for another run.sh or test.sh, which is building\n", process.stderr.readline(), "said")
        equal(None, process.poll(), "its end")
        os.close(held)
        equal(("locked\n", 0), (process.communicate()[0], process.returncode), "end")
        equal(("locked\n", ""), sourced(place, "lock; echo locked").communicate(), "alone")


@case
def without_home_the_password_file_tells():
    """And a place that cannot be made is named, with what would help."""
    home = pwd.getpwuid(os.getuid()).pw_dir
    for environment, expected in (({}, home + "/.cache/faultline/"), ({"HOME": "/h"}, "/h/.cache/faultline/"),
                                  ({"XDG_CACHE_HOME": "/x"}, "/x/faultline/"), ({"HOME": ""}, "/.cache/faultline/")):
        out, err = sourced("/no/such", "build_folder build", **environment).communicate()
        equal((True, "/build\n", ""), (out.startswith(expected), out[-7:], err), f"{out} with {environment}")
    process = sourced("/no/such", "configure /dev/null/faultline")
    equal("run.sh: there is no place to build: neither /no/such can be "
          "written nor /dev/null/faultline be made", process.communicate()[1].splitlines()[-1], "last line")
    equal(125, process.returncode, "status")


FORKY_ONLY = {
    "apt-get": """#!/bin/sh
sources=$(sed -n 's/^.*Dir::Etc::sourcelist "\\([^"]*\\)".*/\\1/p' "$APT_CONFIG")
case $* in
update*) grep -q forky "$sources" || { echo 'E: Hash Sum mismatch'; exit 100; } ;;
*--print-uris*) echo "'http://mirror/a.deb' a_1_riscv64.deb 1 SHA256:0" ;;
download*) touch "$3_1_riscv64.deb" ;;
esac
""",
    "apt-cache": """#!/bin/sh
case $* in
depends*) ! grep -q forky "$FAULTLINE_ORACLE/sources.list" || echo '  Depends: linux-image-7.2-riscv64' ;;
*linux-binary-7.2*) ;;
*) exit 1 ;;
esac
""",
    "dpkg-deb": """#!/bin/sh
case $2 in
linux-binary*) mkdir -p "$3/usr/lib/modules/7.2-riscv64" && echo Linux > "$3/usr/lib/modules/7.2-riscv64/vmlinuz" ;;
esac
"""}


def with_forky(place, *words, **environment):
    """Runs a tool where only the lists of forky fit together; gives (status, standard output, lines of standard error)."""
    tools = os.path.join(place, "bin")
    os.makedirs(tools, exist_ok=True)
    for name, text in FORKY_ONLY.items():
        with open(os.path.join(tools, name), "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(os.path.join(tools, name), 0o755)
    done = subprocess.run([os.path.join(TOOLS, words[0]), *words[1:]], capture_output=True, text=True, check=False,
                          env={"PATH": tools + ":" + os.environ["PATH"], "HOME": place, "FAULTLINE_DEBIAN": "http://mirror",
                               "FAULTLINE_ORACLE": os.path.join(place, "oracle"), **environment})
    return done.returncode, done.stdout, done.stderr.splitlines()


TAKEN = "the package lists of trixie cannot be read now: taking those of forky"


@case
def a_later_linux_where_the_lists_of_trixie_do_not_fit():
    with tempfile.TemporaryDirectory() as place:
        image = os.path.join(place, "oracle/linux/boot/vmlinux-7.2-riscv64")
        for said in (["get-linux: " + TAKEN, "get-linux: Linux 7.2-riscv64"], []):
            equal((0, image + "\n", said), with_forky(place, "oracle/get-linux"), "get-linux")
    with tempfile.TemporaryDirectory() as place:
        status, _out, err = with_forky(place, "oracle/get-linux", FAULTLINE_ORACLE_SUITES="trixie sid")
        equal((1, ["E: Hash Sum mismatch", "get-linux: no package lists could be read of: trixie sid. Try again later"]), (status, err),
              "where there is none")


@case
def later_packages_where_the_lists_of_trixie_do_not_fit():
    if not os.path.exists("/usr/share/keyrings/debian-archive-keyring.gpg"):
        raise Skip("no keyring of Debian")
    with tempfile.TemporaryDirectory() as place:
        root = os.path.join(place, "root")
        equal((0, f"1 packages of forky are in {root}: ./run.sh --root {root}\n", ["debian-root: " + TAKEN]),
              with_forky(place, "debian-root", root, "a"), "debian-root")
        equal("/proc/self/mounts", os.readlink(os.path.join(root, "etc/mtab")), "its table of mounts")
        status, _out, err = with_forky(place, "debian-root", "--suite", "trixie", root, "a")
        equal((1, "E: Hash Sum mismatch"), (status, err[0]), "a suite that is asked for")


PLAYED = {
    "meson": """#!/bin/sh
echo "meson $*" >> "$LOG"
echo 'WARNING: much is said'
printf '{"directories": {"source": "%s"}}' "$3" > "$2/meson-info.json"
mkdir -p "$2/meson-info" && mv "$2/meson-info.json" "$2/meson-info" && touch "$2/build.ninja"
""",
    "ninja": """#!/bin/sh
echo "ninja $*" >> "$LOG"
case $* in
*' -n '*) echo '[1/2] a'; echo '[2/2] b'; exit ;;
esac
echo '[1/2] a'
if [ -p "$EVENTS" ]; then echo $$ > "$EVENTS"; exec sleep 1000; fi
if [ -n "$FAILS" ]; then printf 'FAILED: a.o\ncc -c a.c\na.c:1: error: that is no C\n'; exit 1; fi
"""}


class Tree:
    """A tree with the runner, but without sources, and a meson and a ninja that only play those."""

    def __init__(self, place):
        self.root, self.bin, self.log = (os.path.join(place, name) for name in ("tree", "bin", "log"))
        os.makedirs(self.bin)
        os.makedirs(os.path.join(self.root, "tools"))
        os.makedirs(os.path.join(self.root, "linux"))
        shutil.copy(os.path.join(ROOT, "run.sh"), self.root)
        for name in ("setup.sh", "run.py", "build-run"):
            shutil.copy(os.path.join(TOOLS, name), os.path.join(self.root, "tools"))
        shutil.copytree(os.path.join(TOOLS, "runner"), os.path.join(self.root, "tools/runner"))
        for name, text in PLAYED.items():
            with open(os.path.join(self.bin, name), "w", encoding="ascii") as file:
                file.write(text)
            os.chmod(os.path.join(self.bin, name), 0o755)

    def start(self, *words, program="run.sh", **environment):
        """Starts ./run.sh, or another program of the tree."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FAULTLINE_")}
        path = self.bin + ":" + os.environ["PATH"]
        return subprocess.Popen([os.path.join(self.root, program), *words], text=True, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                env={**kept, "PATH": path, "LOG": self.log, "FAILS": "", "EVENTS": "", **environment})

    def run(self, *words, **environment):
        """Gives (status, standard output, lines of standard error)."""
        process = self.start(*words, **environment)
        out, err = process.communicate()
        return process.returncode, out, err.splitlines()

    def asked(self):
        """Gives what meson and ninja were called with, and forgets it."""
        if not os.path.exists(self.log):
            return []
        with open(self.log, encoding="utf-8") as file:
            lines = file.read().splitlines()
        os.remove(self.log)
        return lines


@case
def nothing_is_built_for_help_or_for_a_mistake():
    with tempfile.TemporaryDirectory() as place:
        tree = Tree(place)
        for words, status in ((["--help"], 0), (["--mem", "much"], 2), (["--no-such-option"], 2), (["--swap", "/no such"], 2),
                              (["--", "/no such/program"], 127), (["--", "/etc/passwd"], 126)):
            equal(status, tree.run(*words)[0], f"status of {words}")
            equal([], tree.asked(), f"what was built for {words}")


@case
def the_tour_needs_the_release_kernel_only():
    with tempfile.TemporaryDirectory() as place:
        tree = Tree(place)
        status, _out, err = tree.run()
        build = os.path.join(tree.root, "build")
        equal((125, f"run.sh: {build}/faultline.elf is missing: it has not been built"), (status, err[-1]), "the end")
        equal(f"ninja -C {build} run", tree.asked()[-1], "what was built")
        tree.run(FAULTLINE_KERNEL="faultline-hardened.elf")
        equal(f"ninja -C {build} run faultline-hardened.elf", tree.asked()[-1], "what was built for another kernel")
        os.rmdir(os.path.join(tree.root, "linux"))
        equal((125, f"run.sh: {build}/faultline-core.elf is missing: it has not been built"), (lambda run: (run[0], run[2][-1]))(tree.run()), "the core alone")
        equal(f"ninja -C {build} run core", tree.asked()[-1], "what was built for it")


@case
def port_check_builds_its_kernels():
    with tempfile.TemporaryDirectory() as place:
        tree = Tree(place)
        for name in ("port-check", "built.py"):
            shutil.copy(os.path.join(TOOLS, name), os.path.join(tree.root, "tools"))
        shutil.copytree(os.path.join(TOOLS, "port"), os.path.join(tree.root, "tools/port"))
        status, _out, err = tree.run("--machine", "sifive_u", program="tools/port-check")
        build = os.path.join(tree.root, "build")
        equal((125, "port-check: " + build[:14]), (status, err[-1][:26]), "the end, as nothing was built really")
        equal(f"ninja -C {build} run faultline-test-hardened.elf faultline-hardened.elf", tree.asked()[-1], "what was built")


@case
def the_documents_list_the_options_that_there_are():
    there_are = sorted([*options.FLAGS, *options.VALUES, *options.NUMBERS])
    equal(there_are, sorted(set(re.findall(r"^  (--[\w-]+)", options.HELP, re.MULTILINE))), "--help")
    for name in ("README.md", "README.zh.md", "docs/run.md"):
        with open(os.path.join(ROOT, name), encoding="utf-8") as file:
            equal(there_are, sorted(re.findall(r"^\| `(--[\w-]+)", file.read(), re.MULTILINE)), name)


@case
def a_build_says_three_lines_and_its_log_the_rest():
    with tempfile.TemporaryDirectory() as place:
        tree = Tree(place)
        build = os.path.join(tree.root, "build")
        said = [f"run.sh: setting up {build}", f"run.sh: building in 2 steps; the log is {build}/build.log"]
        equal(said, tree.run()[2][:-1], "a build that succeeds")
        with open(os.path.join(build, "build.log"), encoding="ascii") as file:
            equal("[1/2] a\n", file.read(), "the log")
        status, _out, err = tree.run(FAILS="yes")
        equal((125, [said[1], "FAILED: a.o", "cc -c a.c", "a.c:1: error: that is no C",
                                    f"run.sh: the build failed: its log is {build}/build.log"]), (status, err), "one that fails")


@case
def a_copied_tree_is_built_from_its_own_sources():
    """A build folder that was copied along belongs to the other tree: ninja would build there."""
    with tempfile.TemporaryDirectory() as place:
        tree = Tree(place)
        build = os.path.join(tree.root, "build")
        tree.run()
        tree.asked()
        tree.run()
        equal(["ninja", "ninja"], [line.split()[0] for line in tree.asked()], "calls for the same tree")
        copy = tree.root + " \u00e9 copy"
        shutil.copytree(tree.root, copy)
        with open(os.path.join(copy, "build/old"), "w", encoding="ascii"):
            pass
        tree.root = copy
        ours = os.path.join(copy, "build")
        equal(f"run.sh: {ours} was set up for other sources, and is set up anew", tree.run()[2][0], "what was said")
        equal(f"meson setup {ours} {copy}", tree.asked()[0].split(" --")[0], "the set-up")
        equal((False, True), (os.path.exists(os.path.join(ours, "old")), os.path.exists(os.path.join(build, "build.ninja"))),
              "a file of the copied build, and of the original")
        with open(os.path.join(ours, "meson-info/meson-info.json"), "w", encoding="ascii") as file:
            json.dump({"directories": {"source": copy}}, file)  # as Meson writes it, in ASCII
        tree.run()
        equal(["ninja", "ninja"], [line.split()[0] for line in tree.asked()], "calls for the copy")


@case
def an_interrupted_build_says_one_line():
    for number in (signal.SIGINT, signal.SIGTERM):
        with tempfile.TemporaryDirectory() as place:
            tree = Tree(place)
            events = os.path.join(place, "events")
            os.mkfifo(events)
            process = tree.start(EVENTS=events)
            with open(events, encoding="ascii") as file:
                ninja = file.readline().strip()
            os.kill(process.pid, number)
            err = process.communicate()[1].splitlines()
            equal((128 + number, [f"run.sh: ended by {number.name}"]), (process.returncode, err[2:]), "the end")
            equal(False, os.path.exists("/proc/" + ninja), "the build goes on")


if __name__ == "__main__":
    main()
