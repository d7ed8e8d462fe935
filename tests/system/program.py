#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Which program runs, where it lies, and what it is given: arguments, environment, files."""

import os
import subprocess

from lib.guest import BUILD, ELF, FAKE, PATIENCE, PROBE, RUN, copy_probe, folder, run, run_raw
from lib.tap import Skip, case, equal, has, lacks, long_case, main


@case
def arguments_are_exact():
    words = ["", " ", "a b", "-x", "--", "--mem", "'\"$HOME*\\", "tab\there", "\u00e9", "line\nbreak"]
    done = run("args", *words)
    equal(f"[{PROBE}]\n[args]\n" + "".join(f"[{word}]\n" for word in words), done.out.decode(), "arguments")


@case
def many_long_arguments():
    words = ["x" * 1000 for _ in range(60)]
    equal(60, run("args", *words).out.count(b"[" + b"x" * 1000 + b"]\n"), "arguments")


@case
def the_environment_is_what_is_promised():
    done = run("env", env={"TERM": "xterm", "LEAK": "1"})
    equal(["HOME=/", "PATH=/bin:/usr/bin", "TERM=xterm"], sorted(done.out.decode().splitlines()), "environment")


@case
def env_adds_and_replaces():
    done = run("env", options=["--env", "A=b c=d", "--env", "EMPTY=", "--env=HOME=/tmp"])
    lines = done.out.decode().split("\n")
    for line in ("A=b c=d", "EMPTY=", "HOME=/tmp", "PATH=/bin:/usr/bin"):
        equal(1, lines.count(line), line)
    equal(False, "HOME=/" in lines, "old HOME in it")


@case
def a_path_runs_from_where_it_is_named():
    place = folder("here")
    copy_probe(place + "/mine")
    for name in ("./mine", place + "/mine", "../here/mine", ".././here//mine"):
        done = run("self", program=name, cwd=place)
        equal((0, b"self data\n"), (done.status, done.out), name)
    equal(b"[./mine]\n[args]\n", run("args", program="./mine", cwd=place).out, "argv[0]")
    equal(False, os.path.exists(place + "/written here"), "the guest's file here")


@case
def a_path_through_another_folder():
    place = folder("through")
    os.mkdir(place + "/sub")
    copy_probe(place + "/mine")
    equal(b"self data\n", run("self", program="sub/../mine", cwd=place).out, "standard output")


@case
def a_name_is_looked_up_in_the_working_directory():
    place = folder("named")
    copy_probe(place + "/my-probe")
    done = run("self", program="my-probe", cwd=place)
    equal((0, b"self data\n"), (done.status, done.out), "status and output")


@case
def the_image_comes_before_the_working_directory():
    place = folder("image first")
    with open(place + "/demo", "wb") as file:
        file.write(b"not a program")
    equal(126, run_raw(["--", "./demo"], cwd=place).status, "status of the file here")
    if not FAKE:
        equal(0, run_raw(["--", "demo"], cwd=place).status, "status of the image's")


@long_case
def blanks_and_odd_names():
    for name in ("with blank", "comma,here", "quote'\"s", "\u00fcml\u00e4ut", "colon:here", "-dash"):
        place = folder("odd " + name)
        copy_probe(f"{place}/{name}")
        equal(b"self data\n", run("self", program=f"./{name}", cwd=place).out, name)


@case
def a_project_in_a_folder_with_blanks():
    place = os.path.join(folder("linked"), "a project")
    os.symlink(os.path.dirname(RUN), place)
    done = subprocess.run([place + "/run.sh", "--", PROBE, "exit", "4"], stdin=subprocess.DEVNULL, timeout=PATIENCE,
                          check=False)
    equal(4, done.returncode, "status")


@case
def a_program_that_may_not_be_executed_here():
    place = folder("no x")
    os.chmod(copy_probe(place + "/plain"), 0o644)
    equal(6, run("exit", "6", program="./plain", cwd=place).status, "status")


@case
def a_link_to_a_program():
    place = folder("link")
    os.symlink(PROBE, place + "/link")
    equal(b"self data\n", run("self", program="./link", cwd=place).out, "standard output")


@long_case
def several_runs_at_once():
    runs = [subprocess.Popen([RUN, "--", PROBE, "exit", str(number)], stdin=subprocess.DEVNULL)
            for number in range(10, 14)]
    equal([10, 11, 12, 13], [process.wait(PATIENCE) for process in runs], "statuses")


@case
def add_copies_a_file():
    place = folder("add")
    with open(place + "/some file", "wb") as file:
        file.write(b"contents\n\0\xff")
    for option, path in ((place + "/some file:/etc/x", "/etc/x"),
                         (place + "/some file:/deep/er/", "/deep/er/some file")):
        equal(b"contents\n\0\xff", run("show", path, options=["--add", option]).out, option)


@long_case
def add_without_a_path_goes_to_the_working_directory():
    place = folder("add here")
    os.makedirs(place + "/in/sub")
    os.mkdir(place + "/work")
    for path in ("/in/a file", "/in/sub/b"):
        with open(place + path, "w", encoding="ascii") as file:
            file.write(os.path.basename(path))
    for option, path in (("../in/a file", "a file"), ("../in/a file", place + "/work/a file"),
                         (place + "/in/a file", "./a file"), ("../in", "in/sub/b"), ("../in/", "in/sub/b")):
        done = run("show", path, options=["--add", option], cwd=place + "/work")
        equal((0, os.path.basename(path).encode()), (done.status, done.out), f"{path} by {option}")


@case
def add_splits_at_the_last_colon():
    place = folder("colon")
    with open(place + "/a:b", "wb") as file:
        file.write(b"colon")
    equal(b"colon", run("show", "/c", options=["--add", place + "/a:b:/c"]).out, "standard output")
    equal(b"colon", run("show", "a:b", options=["--add", place + "/a:b:"]).out, "standard output")


@case
def add_keeps_modes():
    if FAKE:
        raise Skip("needs the real kernel")
    place = folder("modes")
    for mode in (0o600, 0o755, 0o4711):
        with open(place + "/file", "wb") as file:
            file.write(b"12345")
        os.chmod(place + "/file", mode)
        done = run("stat", "file", options=["--add", place + "/file"])
        equal(f"file {mode:o} 5\n", done.out.decode(), oct(mode))


@long_case
def add_copies_a_folder_with_links():
    place = folder("tree")
    os.makedirs(place + "/top/sub/empty")
    with open(place + "/top/sub/file", "wb") as file:
        file.write(b"deep")
    os.symlink("sub/file", place + "/top/link")
    os.chmod(place + "/top/sub", 0o700)
    option = ["--add", place + "/top"]
    equal(b"deep", run("show", "top/sub/file", options=option).out, "a file in it")
    equal(b"deep", run("show", "/data/sub/file", options=["--add", place + "/top:/data"]).out, "with a path")
    if not FAKE:
        equal(b"sub/file\n", run("link", "top/link", options=option).out, "a link in it")
        equal(b"deep", run("show", "top/link", options=option).out, "through the link")
        equal(b"folder 755 0\n", run("stat", "top/sub/empty", options=option).out, "an empty folder")
        equal(b"folder 700 0\n", run("stat", "top/sub", options=option).out, "the folder's mode")


@case
def add_several():
    place = folder("several")
    copy_probe(place + "/mine")
    for name in ("one", "two"):
        with open(f"{place}/{name}", "w", encoding="ascii") as file:
            file.write(name)
    options = ["--add", f"{place}/one", "--add", f"{place}/two:/three"]
    equal(b"one", run("show", "one", program="./mine", cwd=place, options=options).out, "the first")
    equal(b"two", run("show", "/three", program="./mine", cwd=place, options=options).out, "the second")


@case
def add_of_neither_file_nor_folder():
    place = folder("fifo")
    os.makedirs(place + "/d")
    os.mkfifo(place + "/d/fifo")
    done = run("exit", "0", options=["--add", place + "/d"])
    equal(2, done.status, "status")
    has(done.last_line(), b"fifo", "last line")


@long_case
def a_program_where_add_puts_it():
    """Its path in the guest does not depend on where it lies here."""
    place = folder("added")
    os.mkdir(place + "/inside")
    copy_probe(place + "/mine")
    copy_probe(place + "/inside/other")
    for option, name in (("/mine:/bin/x", "/bin/x"), ("/mine:/bin/x", "x"), ("/mine", "/mine"), ("/mine", "./mine"),
                         ("/mine", "mine"), ("/inside:/opt", "/opt/other"), ("/inside", "inside/other"),
                         ("/mine:/bin/x", "//bin/./x")):
        done = run("args", options=["--add", place + option], program=name, cwd="/")
        equal((0, f"[{name}]\n[args]\n".encode(), b""), (done.status, done.out, done.err), f"{name} by {option}")
    equal(b"self data\n", run("self", options=["--add", place + "/mine:/bin/x"], program="/bin/x").out, "its own file")
    equal(127, run("args", options=["--add", place + "/inside:/opt"], program="/opt/mine").status, "what is not in it")


@case
def a_working_directory_that_is_gone_is_125():
    place = folder("gone")
    done = subprocess.run(["sh", "-c", 'rmdir "$PWD"; exec "$0" -- "$1" exit 0', RUN, PROBE], cwd=place,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, check=False)
    equal((125, b"run.sh: the working directory: No such file or directory"),
          (done.returncode, done.stderr.splitlines()[-1]), "status and last line")


@case
def program_headers_beyond_all_files():
    if FAKE:
        raise Skip("needs the real kernel")
    path = os.path.join(folder("far"), "a.out")
    with open(path, "wb") as file:
        head = bytearray(ELF)
        head[32:40] = b"\xff" * 8
        head[54:58] = (56).to_bytes(2, "little") + (1).to_bytes(2, "little")
        file.write(head)
    done = run_raw(["--", path])
    lacks(done.err, b"Traceback", "standard error")
    equal(126, done.status, "status")


@case
def an_elf_file_that_is_broken_inside():
    if FAKE:
        raise Skip("needs the real kernel")
    path = os.path.join(folder("broken"), "a.out")
    with open(path, "wb") as file:
        file.write(ELF)
    done = run_raw(["--", path])
    equal(126, done.status, "status")
    has(done.err, b"a.out", "standard error")


@case
def a_build_that_is_missing_is_125():
    done = run_raw(["--", PROBE], env={**os.environ, "FAULTLINE_BUILD": BUILD + "/no such"})
    equal(125, done.status, "status")
    equal(b"run.sh: ", done.last_line()[:8], "last line")


if __name__ == "__main__":
    main()
