#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Dynamic programs and scripts: what the runner brings into the guest, and how the loader gets on there."""

import os
import shutil
import subprocess

from lib.guest import BUILD, folder, run
from lib.tap import Skip, case, equal, has, lacks, main

HERE = os.path.join(BUILD, "tests/system")
PROGRAM = os.path.join(HERE, "dynamic")
FIXED = os.path.join(HERE, "dynamic_fixed")
LIBRARY, DEEP, PLUGIN = (os.path.join(HERE, f"libdynamic_{name}.so") for name in ("lib", "deep", "plugin"))
LOADER = "/lib/ld-linux-riscv64-lp64d.so.1"
COMPILER = "riscv64-linux-gnu-g++"
END = b"the library ends\n"
OPENED = b"the plugin begins\n11 12\nthe plugin ends\nclosed: 0\n"

CXX = r"""
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

struct counted {
	static int count;
	counted() { count++; }
	~counted() { count--; }
};
int counted::count;

static void deep(int n)
{
	counted here;

	if (n == 0)
		throw std::runtime_error("from the depth");
	deep(n - 1);
}

int main()
{
	std::vector<std::string> words{"one", "two"};
	auto held = std::make_unique<counted>();

	try {
		deep(20);
	} catch (const std::exception &e) {
		std::cout << e.what() << ' ' << counted::count << ' ' << words[1] << std::endl;
	}
	try {
		words.at(7);
	} catch (const std::out_of_range &) {
		std::cout << "out of range" << std::endl;
	}
	return 5;
}
"""


def see(done, status, out, what):
    """Checks a run that says nothing on standard error."""
    equal((status, out, b""), (done.status, done.out, done.err), what)


def put_script(place, name, text):
    """Writes an executable file."""
    with open(os.path.join(place, name), "w", encoding="ascii") as file:
        file.write(text)
    os.chmod(os.path.join(place, name), 0o755)


@case
def R73_a_dynamic_program_and_its_libraries():
    for program in (PROGRAM, FIXED):
        out = f"[{program}]\n[two words]\n[]\n".encode() + END
        see(run("two words", "", program=program), 7, out, program)


@case
def it_may_be_bound_at_once():
    see(run(program=PROGRAM, options=["--env", "LD_BIND_NOW=1"]), 7, f"[{PROGRAM}]\n".encode() + END, "the run")


@case
def it_opens_a_library():
    done = run("plugin", "/opt/plugin.so", program=PROGRAM, options=["--add", PLUGIN + ":/opt/plugin.so"])
    see(done, 0, OPENED * 3 + END, "the run")


@case
def R71_processes_share_the_text_of_libraries():
    done = run("share", program=PROGRAM, options=["--mem", "64M"])
    has(done.out, b"text of many pages, processes of fewer: yes\n", "standard output")
    equal((0, b""), (done.status, done.err), "the run")


@case
def a_library_is_loaded_before_others():
    done = run(program=PROGRAM, options=["--env", f"LD_PRELOAD={PLUGIN}"])
    see(done, 7, b"the plugin begins\n" + f"[{PROGRAM}]\n".encode() + b"the plugin ends\n" + END, "the run")


@case
def the_loader_is_a_program():
    done = run("-c", f"{LOADER} --list /opt/bin/dynamic; {LOADER} /opt/bin/dynamic plugin /opt/bin/none", program="sh",
               options=[option for path in (PROGRAM, LIBRARY, DEEP) for option in ("--add", path + ":/opt/bin/")])
    for line in (b"libdynamic_lib.so => /opt/bin/libdynamic_lib.so", b"libc.so.6 => /lib/libc.so.6",
                 b"libdynamic_deep.so => /opt/bin/libdynamic_deep.so", b"/opt/bin/none: cannot open shared object file"):
        has(done.out, line, "standard output")


@case
def on_a_shared_folder():
    share = ["--share", HERE + ":/mnt/here:ro"]
    see(run("x", program="/mnt/here/dynamic", options=share), 7, b"[/mnt/here/dynamic]\n[x]\n" + END, "the run")
    see(run("plugin", "./here/libdynamic_plugin.so", program="./here/dynamic", cwd="/mnt", options=share), 0, OPENED * 3 + END,
        "with a plugin")


@case
def files_that_are_added_bring_what_they_need():
    place = ["--add", HERE + "/dynamic:/bin/", "--add", LIBRARY + ":/lib/", "--add", DEEP + ":/usr/lib/"]
    see(run("-c", "dynamic a", program="sh", options=place), 7, b"[dynamic]\n[a]\n" + END, "the run")


@case
def folders_of_the_environment():
    place = folder("environment")
    shutil.copy(PROGRAM, place)
    for path in (LIBRARY, DEEP):
        os.makedirs(os.path.join(place, "lib"), exist_ok=True)
        shutil.copy(path, os.path.join(place, "lib"))
    see(run(program=place + "/dynamic", options=["--env", "LD_LIBRARY_PATH=/none:" + place + "/lib"]), 7,
        f"[{place}/dynamic]\n".encode() + END, "the run")
    see(run(program="./dynamic", options=["--env", "LD_LIBRARY_PATH=lib"], cwd=place), 7, b"[./dynamic]\n" + END, "from here")


@case
def its_death_is_explained():
    done = run("crash", program=PROGRAM)
    equal(139, done.status, "status")
    for part in (b" <crash", b": null pointer", b", moved by 0x2aaaaaa000, image /", b"\n#0 crash, dynamic.c:", b", dynamic.c:"):
        has(done.err, part, "the report")
    lacks(run("crash", program=FIXED).err, b"moved by", "the report of a fixed program")


@case
def a_library_that_is_missing_is_named():
    place = folder("missing")
    shutil.copy(PROGRAM, place)
    done = run(program=place + "/dynamic")
    equal(127, done.status, "status")
    has(done.last_line(), b"/dynamic: needs libdynamic_lib.so, which was not found: give it to the guest by --add FILE:/lib/",
        "last line")
    shutil.copy(LIBRARY, place)
    has(run(program=place + "/dynamic").last_line(), b"needs libdynamic_deep.so, which", "last line")
    shutil.copy(DEEP, place)
    equal(7, run(program=place + "/dynamic").status, "status with both")


@case
def a_script_runs_its_interpreter():
    place = folder("script")
    for name, text in (("show", "#!/bin/dynamic  two words \n"), ("twice", "#!/bin/show again\n"), ("none", "#!/bin/none\n")):
        put_script(place, name, text)
    options = [word for path in (PROGRAM, LIBRARY, DEEP, *(os.path.join(place, name) for name in ("show", "twice", "none")))
               for word in ("--add", path + ":/bin/")]
    see(run("-c", "show a b", program="sh", options=options), 7,
        b"[/bin/dynamic]\n[two words]\n[/bin/show]\n[a]\n[b]\n" + END, "a script")
    see(run("-c", "twice a", program="sh", options=options), 7,
        b"[/bin/dynamic]\n[two words]\n[/bin/show]\n[again]\n[/bin/twice]\n[a]\n" + END, "a script of a script")
    lacks(run("-c", "none", program="sh", options=options).out, b"[", "without an interpreter")


@case
def a_script_is_a_program():
    place = folder("program")
    put_script(place, "script", "#!/bin/sh\necho one; echo two | cat\npwd > /tmp/here\ncat /tmp/here\nfaults x || exit 9\n")
    done = run("ignored", program="./script", cwd=place)
    equal((9, f"one\ntwo\n{place}\n".encode()), (done.status, done.out), "of the prompt")
    put_script(place, "other", "#! /opt/dynamic\ta b\n")
    own = [word for path in (PROGRAM, LIBRARY, DEEP) for word in ("--add", path + ":/opt/")]
    see(run("c", program="./other", cwd=place, options=own), 7, f"[/opt/dynamic]\n[a b]\n[{place}/other]\n[c]\n".encode() + END,
        "of another")
    put_script(place, "twice", f"#!{place}/other\n")
    see(run(program=place + "/twice", options=[*own, "--add", f"{place}/other:{place}/other"]), 7,
        f"[/opt/dynamic]\n[a b]\n[{place}/other]\n[{place}/twice]\n".encode() + END, "of a script")


@case
def a_script_that_cannot_run():
    place = folder("refused")
    for text, status, words in (("#!/usr/bin/python3\n", 127, b"its interpreter /usr/bin/python3 is not in the guest"),
                                (f"#!{place}/script\n", 126, b"its own interpreter"),
                                ("#! \n/bin/sh\n", 126, b"a script that names no interpreter")):
        put_script(place, "script", text)
        done = run(program=place + "/script")
        equal(status, done.status, text)
        has(done.last_line(), words, text)
    done = run("/none", program="sh")
    equal((127, b"sh: /none: No such file or directory\n"), (done.status, done.err), "no file")


@case
def a_program_in_cxx():
    if not shutil.which(COMPILER):
        raise Skip(f"there is no {COMPILER}")
    place = folder("cxx")
    with open(os.path.join(place, "a.cc"), "w", encoding="ascii") as file:
        file.write(CXX)
    subprocess.run([COMPILER, "-O1", "-o", "a.out", "a.cc"], cwd=place, check=True)
    see(run(program="./a.out", cwd=place), 5, b"from the depth 1 two\nout of range\n", "the run")


if __name__ == "__main__":
    main()
