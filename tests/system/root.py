#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A folder of the host as the guest's root, by --root: its programs, what is mounted above it, what comes back."""

import os
import shutil
import subprocess

from lib.guest import BUILD, PATIENCE, PROBE, Result, folder, get, put, run_raw, runner
from lib.prompt import CTRL, Prompt
from lib.tap import Skip, case, equal, has, lacks, long_case, main

USER = os.path.join(BUILD, "user")
SYSTEM = os.path.join(BUILD, "tests/system")
LIBRARIES = "/usr/riscv64-linux-gnu/lib"
LOADER = "ld-linux-riscv64-lp64d.so.1"
PAGE = 4096


def make_root(name, shell=True):
    """Makes a root: our own prompt is its shell, and the probe is a program in another folder."""
    place = folder(name)
    for where, program in (("/bin/sh", USER + "/sh"), ("/usr/bin/probe", PROBE)):
        if shell or where != "/bin/sh":
            os.makedirs(place + os.path.dirname(where))
            shutil.copy(program, place + where)
    return place


def run_in(place, *words, options=(), stdin=b""):
    """Runs a program of a root, its shell if none is named; gives the run."""
    words = ["--mem", "64M", "--root", place, *options, *(["--", *words] if words else [])]
    done = subprocess.run(**runner(words), input=stdin, capture_output=True, timeout=PATIENCE, check=False)
    lacks(done.stderr, b": error: ", "log")
    return Result(done.returncode, done.stdout, done.stderr)


def lines_of(place, *lines, options=()):
    """Has the root's shell run these lines; gives the lines that it prints. It ends with 0 and says nothing else."""
    done = run_in(place, options=options, stdin="\n".join(lines).encode() + b"\n")
    equal((0, b""), (done.status, done.err), f"status and errors (it said {done.out})")
    return done.out.decode().splitlines()


@case
def R142_programs_of_the_root():
    place = make_root("programs")
    equal(9, run_in(place, "/usr/bin/probe", "exit", "9").status, "a path")
    equal(8, run_in(place, "usr/bin/probe", "exit", "8").status, "a relative path")
    done = run_in(place, "probe", "args", "a b")
    equal((0, b"[probe]\n[args]\n[a b]\n", b""), (done.status, done.out, done.err), "a name")
    equal(137, run_in(place, "probe", "kill", "9").status, "one that is killed")
    done = run_in(place, "probe", "both", stdin=b"x")
    equal(0, done.status, "streams")


@long_case
def R142_environments_in_the_root():
    """With --user, tests/system/user.py looks at them for each commit."""
    place = make_root("environments")
    done = run_in(place, "probe", "env", options=["--env", "A=b"])
    has(done.out, b"HOME=/\n", "environment")
    has(done.out, b"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n", "environment")
    has(done.out, b"A=b\n", "environment")
    os.mkdir(place + "/root")
    has(run_in(place, "probe", "env").out, b"HOME=/root\n", "environment")
    for name in ("/etc", "/home/u"):
        os.makedirs(place + name)
    with open(place + "/etc/passwd", "w") as names:
        names.write("root:x:0:0:root:/root:/bin/sh\n# none:x:7\nu:x:7:8::/home/u:/bin/sh\nv:x:9:9::/home/v:/bin/sh\n")
    has(run_in(place, "probe", "env", options=["--user", "7"]).out, b"HOME=/home/u\n", "a user's environment")
    has(run_in(place, "probe", "env", options=["--user", "9"]).out, b"HOME=/\n", "one without a directory")
    has(run_in(place, "probe", "env", options=["--user", "5"]).out, b"HOME=/\n", "one without a name")


@case
def the_shell_is_the_default():
    place = make_root("default")
    equal(["/", "[probe]", "[args]", "[x]"], lines_of(place, "pwd", "probe args x"), "what it prints")
    equal(5, run_in(place, stdin=b"exit 5\n").status, "status")


@case
def without_a_shell_it_is_our_prompt():
    place = make_root("no shell", shell=False)
    out = lines_of(place, "ls /", "/usr/bin/probe args y", "ps", "echo made > /made")
    equal((["dev/", "proc/", "run/", "sys/", "tmp/", "usr/"], ["[/usr/bin/probe]", "[args]", "[y]"]), (sorted(out[:6]), out[6:9]), "what it prints")
    has("\n".join(out), "hostfs", "processes")
    equal(b"made\n", get(place + "/made"), "what it wrote")
    equal(127, run_in(place, "/bin/sh").status, "/bin/sh by name")
    empty = folder("empty")
    equal(["dev/", "proc/", "run/", "sys/", "tmp/"], sorted(lines_of(empty, "ls /")), "an empty root")
    equal(["dev", "proc", "run", "sys", "tmp"], sorted(os.listdir(empty)), "what it has then")


@case
def R142_what_is_typed_changes_the_host():
    place = make_root("typed")
    put(place + "/home/me/file", b"one\n")
    prompt = Prompt(options=["--mem", "64M", "--root", place])
    equal("", prompt.do("cd /home/me"))
    equal("one", prompt.do("cat file"))
    equal("", prompt.do("echo two >> file"))
    equal("", prompt.do("mkdir -p /new/folder"))
    equal("", prompt.do("echo x > ../../new/folder/y"))
    equal("", prompt.do("cd ../../../../new"))
    equal("/new", prompt.do("pwd"))
    equal("", prompt.do("rm -r folder"))
    equal("", prompt.do("echo z > z"))
    prompt.send(CTRL["D"])
    equal(0, prompt.end(), "status")
    equal(b"one\ntwo\n", get(place + "/home/me/file"), "the file")
    equal((["z"], b"z\n"), (os.listdir(place + "/new"), get(place + "/new/z")), "the folder")


@case
def what_is_mounted_above_it():
    place = make_root("above")
    put(place + "/tmp/covered", b"")
    put(place + "/proc/covered", b"")
    put(place + "/dev/covered", b"")
    out = lines_of(place, "ls /tmp", "echo x > /tmp/x", "ls /tmp", "cat /proc/self/comm", "echo gone > /dev/null", "ls /dev",
                   "echo y > /dev/shm/y", "cat /dev/shm/y", "cat /proc/mounts")
    equal(["x", "cat"] if out[1] == "cat" else ["x", "sh"], out[:2], "/tmp and /proc")
    has(out, "null", "/dev")
    lacks(out, "covered", "what it prints")
    equal([["/", "9p"], ["/dev", "devtmpfs"], ["/dev/pts", "devpts"], ["/dev/shm", "tmpfs"], ["/dev/mqueue", "mqueue"], ["/proc", "proc"], ["/sys", "sysfs"], ["/tmp", "tmpfs"], ["/run", "tmpfs"]],
          [line.split()[1:3] for line in out[-9:]], "mounts")
    has(out, "y", "/dev/shm")
    for name in ("tmp", "proc", "dev"):
        equal(["covered"], os.listdir(f"{place}/{name}"), name)


@case
def R146_no_link_and_no_path_leads_out():
    outer = folder("outer")
    put(outer + "/secret", b"out\n")
    place = make_root("outer/root")
    put(place + "/secret2", b"in\n")
    put(place + "/d/e/file", b"deep\n")
    for name, target in (("up", "../secret"), ("far", "../../../../../../../secret2"), ("host", outer + "/secret"),
                         ("absolute", "/d/e/file"), ("relative", "d/e"), ("d/back", "../secret2"), ("loop", "loop"),
                         ("parent", "..")):
        os.symlink(target, place + "/" + name)
    out = lines_of(place, "cat /absolute /relative/file /d/back /far", "cat /../../secret2 /parent/parent/secret2",
                   "cd /relative", "pwd", "cd ../../../..", "pwd", "ls /proc/self/root/d", "probe link /proc/self/root",
                   "probe link /proc/self/cwd")
    equal(["deep", "deep", "in", "in", "in", "in", "/d/e", "/", "back", "e/", "/", "/"], out, "links and paths")
    done = run_in(place, stdin=b"cat /up\ncat /../secret\ncat /host\ncat /loop\ncat /parent/secret\n")
    equal((b"", 4, 1), (done.out, done.err.count(b"No such file"), done.err.count(b"Too many")), f"out of it ({done.err})")


@long_case
def R146_programs_are_found_by_links_within_it():
    place = make_root("linked")
    os.symlink("/usr/bin/probe", place + "/bin/absolute")
    os.symlink("../usr/bin", place + "/bin/below")
    os.symlink("/../../../bin/absolute", place + "/bin/again")
    os.symlink(PROBE, place + "/bin/host")
    os.symlink("../../../../../../../../../../.." + PROBE, place + "/bin/up")
    os.symlink("usr/bin", place + "/sbin")
    for name in ("absolute", "/bin/again", "/bin/below/probe", "/sbin/../bin/probe", "/../usr/bin/probe"):
        equal(3, run_in(place, name, "exit", "3").status, name)
    for name in ("host", "/bin/up"):
        equal(127, run_in(place, name, "exit", "3").status, name)


@long_case
def R142_scripts():
    place = make_root("scripts")
    put(place + "/opt/script", b"#!/bin/sh\necho $# words\npwd\necho done > /opt/out\nexit 6\n", 0o755)
    put(place + "/opt/other", b"#!/usr/bin/probe args\n", 0o755)
    put(place + "/opt/lacks", b"#!/usr/bin/python3\n", 0o755)
    done = run_in(place, "/opt/other", "x")
    equal((0, b"[/usr/bin/probe]\n[args]\n[/opt/other]\n[x]\n"), (done.status, done.out), "an interpreter with an argument")
    done = run_in(place, "/opt/script")
    equal((6, b"done\n"), (done.status, get(place + "/opt/out")), f"a script of the shell ({done.out}, {done.err})")
    done = run_in(place, "/opt/lacks")
    equal((127, b"run.sh: /opt/lacks: its interpreter /usr/bin/python3 is not in " + place.encode()),
          (done.status, done.last_line()), "one that cannot run")


@case
def R146_a_root_that_is_only_read():
    place = make_root("read-only")
    for name in ("dev", "proc", "tmp"):
        os.mkdir(f"{place}/{name}")
    put(place + "/file", b"kept\n")
    before = sorted(os.walk(place))
    done = run_in(place + ":ro", stdin=b"echo x > /file\nrm /file\nmkdir /new\necho y > /tmp/y\ncat /file /tmp/y\n")
    equal((0, b"kept\ny\n", 3), (done.status, done.out, done.err.count(b"Read-only file system")), f"what it can ({done.err})")
    equal((before, b"kept\n"), (sorted(os.walk(place)), get(place + "/file")), "the folder")


@long_case
def R142_R92_all_is_on_the_host_in_the_end():
    """Random operations, and stores through mappings that are not synchronised."""
    place = make_root("written")
    os.mkdir(place + "/work")
    for name in ("fsx", "share"):
        shutil.copy(f"{SYSTEM}/{name}", place + "/usr/bin")
    done = run_in(place, "fsx", "/work", os.environ.get("FAULTLINE_SEED", "5"), "1500")
    lines = done.out.decode().splitlines()
    equal((0, ["fsx: ok"]), (done.status, lines[-1:]), f"status and last line ({done.err})")
    there = {name: int(size) for name, size, _ in (line.split() for line in lines[:-1] if not line.endswith("/"))}
    here = {f"./{os.path.relpath(path, place + '/work')}": os.path.getsize(path)
            for path in (os.path.join(where, name) for where, _, names in os.walk(place + "/work") for name in names)}
    equal(here, there, "sizes here and there")
    equal(True, len(here) > 0, "there are files")
    os.mkdir(place + "/stored")
    done = run_in(place, "share", "store", "/stored")
    equal((0, b"share: ok\n"), (done.status, done.out), f"status and output ({done.err})")
    for number, name in enumerate(["unmapped", "ended", "killed", "last"]):
        want = bytes((at * 7 + at // 4096 + number) & 0xff for at in range(300 * 4096 + 5))
        equal(True, get(f"{place}/stored/{name}") == want, name)


@long_case
def R140_R142_with_little_memory_and_preemption():
    """The text of the shell, its children and the C library's data go and come by the server."""
    place = make_root("little")
    put(place + "/big", bytes(range(251)) * (12 << 12))
    put(place + "/script", b"cat /big | wc -c\nprobe self\ncat /big > /copy\n", 0o755)
    done = run_in(place, "sh", "/script", options=["--mem", "24M", "--swap", "64M", "--append", "preempt=3000"])
    equal((0, True), (done.status, get(place + "/copy") == get(place + "/big")), f"status, and a copy ({done.out}, {done.err})")


@case
def R142_a_dynamic_program():
    libraries = [LIBRARIES + "/" + name for name in (LOADER, "libc.so.6", "libm.so.6")]
    if not all(map(os.path.exists, libraries)):
        raise Skip("no libraries for cross-compiling")
    place = make_root("dynamic")
    for name in (*libraries, *[f"{SYSTEM}/libdynamic_{name}.so" for name in ("lib", "deep")]):
        os.makedirs(place + "/lib", exist_ok=True)
        shutil.copy(name, place + "/lib")
    shutil.copy(SYSTEM + "/dynamic", place + "/bin")
    done = run_in(place, "dynamic", options=["--env", "LD_LIBRARY_PATH=/lib"])
    equal((7, b"[dynamic]\nthe library ends\n", b""), (done.status, done.out, done.err), "a run")
    os.unlink(place + "/lib/" + LOADER)
    done = run_in(place, "dynamic")
    equal((127, f"run.sh: dynamic: its loader /lib/{LOADER} is not in {place}".encode()),
          (done.status, done.last_line()), "without its loader")


@case
def R142_with_shared_folders():
    place, one, two, three = make_root("with shares"), folder("one"), folder("two"), folder("three")
    for number, share in enumerate((one, two, three)):
        put(share + "/a", b"%d\n" % number)
    shutil.copy(PROBE, one)
    os.mkdir(place + "/real")
    os.symlink("/real", place + "/link")
    options = ["--share", one, "--share", two + ":/link/two:ro", "--share", three + ":/tmp/three", "--share", three + ":/x/y",
               "--swap", "1M"]
    out = lines_of(place, "cat /mnt/a /real/two/a /tmp/three/a /x/y/a", "echo new > /mnt/b", options=options)
    equal(["0", "1", "2", "2"], out, "what they have")
    equal((b"new\n", ["two"], []), (get(one + "/b"), sorted(os.listdir(place + "/real")), os.listdir(place + "/mnt")), "on the host")
    equal(4, run_in(place, "/mnt/probe", "exit", "4", options=["--share", one]).status, "a program of a shared folder")


@case
def R146_process_1_and_the_servers_are_not_in_it():
    place = make_root("first")
    out = lines_of(place, "probe link /proc/1/root", "probe link /proc/2/root", "probe link /proc/2/exe",
                   "probe link /proc/self/exe", "ls /proc/1/root/", "ls -l /proc/2/fd")
    equal(["/", "/", "/hostfs", "/usr/bin/probe"], out[:4], "links of /proc")
    has(out, "newroot/", "the first root")
    has(out, "init", "the first root")
    equal(5, len([line for line in out if "->" in line]), f"descriptors of the server ({out})")


@case
def R143_its_servers_are_killed():
    """What is not in memory is read all the same, and a shared folder below is there again, too."""
    place, shared = make_root("killed", shell=False), make_root("killed and shared", shell=False)  # our prompt is in memory
    put(place + "/file", b"in the root\n")
    put(shared + "/file", b"in the shared folder\n")
    lines = b"kill -KILL 2\ncat /file\nkill -KILL 3\ncat /mnt/file\necho > /mnt/new\nexit 3\n"
    done = run_in(place, stdin=lines, options=["--share", shared])
    equal((3, b"in the root\nin the shared folder\n"), (done.status, done.out), f"status and output ({done.err})")
    for name in (b"/newroot", b"/mnt"):
        has(done.err, b"init: the server of " + name + b" (/bin/hostfs) was killed by signal 9 and is started again\n", "messages")
    equal(True, os.path.exists(shared + "/new"), "a file is made by the next server")


def own(done, status, text):
    """Expects the runner's own status and last line."""
    equal(status, done.status, f"status ({done.err})")
    has(done.last_line(), text, "last line")
    has(done.last_line(), b"run.sh: ", "last line")
    equal(b"", done.out, "standard output")


@case
def what_cannot_be_a_root_is_2_and_named():
    place = make_root("refused")
    put(place + "/file", b"", 0o755)
    own(run_raw(["--root", "/no such folder"]), 2, b"--root: /no such folder: No such file or directory")
    own(run_raw(["--root", place + "/file"]), 2, b"/file: Not a directory")
    own(run_raw(["--root", ":ro"]), 2, b"--root wants DIR[:ro|:setid][:exclusive], not ':ro'")
    own(run_raw(["--root"]), 2, b"--root wants a value")
    own(run_raw(["--root", place + ":ro"]), 2, b"has no directory dev, where the guest's /dev is to be")
    own(run_raw(["--root", place, "--add", place + "/file"]), 2, b"--add puts files into the boot archive")
    for machine in ("spike", "sifive_u"):  # with one hart: sifive_u has no eight, which would be said first
        own(run_raw(["--root", place, "--machine", machine, "--harts", "1"]), 2, b"--root needs a virtio device, which --machine " + machine.encode())
    put(place + "/tmp", b"")
    own(run_raw(["--root", place]), 2, b"its tmp is not a directory")
    os.unlink(place + "/tmp")
    os.symlink("/nowhere", place + "/tmp")
    own(run_raw(["--root", place]), 2, b"its tmp is a link that leads nowhere")
    os.mkdir(place + "/nowhere")
    equal(0, run_in(place, "probe", "exit", "0").status, "a link to a folder")


@case
def programs_that_are_not_there_are_127_and_126():
    place = make_root("programs that lack")
    put(place + "/bin/text", b"text", 0o755)
    put(place + "/bin/plain", get(PROBE), 0o644)
    shutil.copy("/bin/true", place + "/bin/true")
    own(run_raw(["--root", place, "--", "nosuch"]), 127, f"nosuch: not found in {place} (in none of /usr/local/sbin, ".encode())
    own(run_raw(["--root", place, "--", PROBE]), 127, f"{PROBE}: not found in {place}".encode())
    own(run_raw(["--root", place, "--", "/tmp/x"]), 127, b"/tmp/x: not found in ")
    own(run_raw(["--root", place, "--", "/bin"]), 126, b"/bin: not a file in ")
    own(run_raw(["--root", place, "--", "text"]), 126, b"not a riscv64 ELF program")
    own(run_raw(["--root", place, "--", "true"]), 126, b"not a riscv64 ELF program")
    done = run_in(place, "plain")
    equal((126, b"init: cannot run /bin/plain: permission denied (is it executable?)\n"), (done.status, done.err), "one that is not executable")


@long_case
def names_of_all_kinds():
    place = make_root("a root, with a comma: ü")
    put(place + "/ü:x", b"y\n")
    equal(["y"], lines_of(place, "cat /ü:x"), "a file")
    other = make_root("ends in:ro")
    equal(["/"], lines_of(other + "/", "pwd"), "a name that ends in :ro")
    os.chdir(os.path.dirname(place))
    equal(["y"], lines_of(os.path.basename(place), "cat /ü:x"), "a relative name")
    os.chdir("/")


main()
