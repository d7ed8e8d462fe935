#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How a run ends: the program's status, or one of the runner's own, which it explains on its last line."""

import os
import re
import signal
import subprocess

from lib.guest import BUILD, FAKE, PATIENCE, PROBE, ROOT, RUN, folder, run, run_raw, start
from lib.processes import alive, children, left_alive
from lib.tap import Skip, case, equal, has, lacks, long_case, main


def own(done, status, *parts):
    """Checks a status of the runner's own and the words of its last line."""
    equal(status, done.status, "status")
    equal(b"run.sh: ", done.last_line()[:8], "beginning of the last line")
    for part in parts:
        has(done.last_line(), part, "last line")


@long_case
def every_exit_status_comes_through():
    for status in (0, 1, 2, 77, 85, 123, 124, 125, 126, 127, 128, 129, 170, 254, 255):
        done = run("exit", str(status))
        equal((status, b""), (done.status, done.err), f"exit {status}")


@case
def a_port_that_is_missing_is_125():
    """Streams that come through only in part would be worse. The kernel waits for it for ten seconds, polled; they are
    short by a clock that counts 64 ns for each instruction."""
    if FAKE:
        raise Skip("the kernel's side")
    done = run("exit", "0", options=["--append", "ports=6"], env={"FAULTLINE_QEMU": "-icount shift=6,sleep=off"})
    equal(125, done.status, "status")
    has(done.err, b"boot: error: 1 of 6 ports did not come up", "standard error")


@case
def a_signal_is_128_and_its_number():
    for number in (9, 15, 10, 1):
        equal(128 + number, run("kill", str(number)).status, f"signal {number}")


@case
def time_out_is_124_and_says_where_the_harts_are():
    for seconds in (1, 4, 15, 60):
        done = run("spin", options=["--timeout", str(seconds)])
        own(done, 124, b" %d s" % seconds)
        if done.out:  # else this machine is busy: it had not even started
            break
    has(done.err, b"hart 0: pc 0x", "report")
    equal(True, done.out[:6] in (b"spinni", b"asleep"), "what it wrote before")


@case
def time_out_says_what_each_thread_waits_for():
    if FAKE:
        equal(True, b"run.sh: probe[2] waits for a time" in run("sleep", options=["--timeout=1"]).err, "what process 1 has said")
        return
    wanted = ("[2] waits for a child", "[2], thread 4, waits for the futex at {word}", "[2], thread 5, waits for bytes of descriptor {fd}, pipe:[{n}]",
              "[2], thread 6, waits for one of 2 descriptors", "[2], thread 7, waits for a time", "[2], thread 8, waits for a signal",
              "[2], thread 9, waits for a lock of descriptor {fd}, /tmp/locked", "[2], thread 10, runs", "[3] is stopped")
    for seconds in (1, 4, 15, 60):
        done = run(program=os.path.join(BUILD, "tests/system/waiting"), options=["--timeout", str(seconds)])
        own(done, 124, b" %d s" % seconds)
        said = [line for line in done.err.decode().splitlines() if line.startswith("run.sh: waiting")]
        if len(said) == len(wanted) and not any("of the kernel" in line or "lock in the kernel" in line for line in said):
            break  # else this machine is busy: some have not come to wait
    word = done.out.decode().strip()
    masked = [re.sub(r"pipe:\[\d+\]", "pipe:[{n}]", re.sub(r"descriptor \d+", "descriptor {fd}", line.replace(word, "{word}"))) for line in said]
    equal(["run.sh: waiting" + words for words in wanted], masked, "what the threads wait for")
    has(done.err, b"hart 0: pc 0x", "report")


@case
def time_out_says_whose_code_a_hart_runs():
    """A function of a library, or of a program that may be anywhere, is not the kernel's."""
    if FAKE:
        raise Skip("needs the real QEMU")
    done = run("spin", program=os.path.join(BUILD, "tests/system/callers_dynamic"), options=["--timeout", "2"])
    places = re.findall(r"hart 0: pc 0x([0-9a-f]{16}) in (.*), ra 0x([0-9a-f]{16}) in (.*)", done.err.decode())
    equal(1, len(places), f"places in {done.err}")
    for address, place in (places[0][:2], places[0][2:]):
        if place != "the firmware":
            equal(address.startswith("f"), place.endswith(" of the kernel"), f"{address} in {place}")


@case
def time_out_of_a_sleeping_program():
    own(run("sleep", options=["--timeout=2.5"]), 124, b"2.5 s")


@case
def time_out_by_processor_time():
    if FAKE:
        raise Skip("what only plays a QEMU does not use any")
    done = run("spin", options=["--cpu-timeout", "1.5"])
    own(done, 124, b"no end within 1.5 s of processor time")
    has(done.err, b"hart 0: pc 0x", "report")
    equal(3, run("exit", "3", options=["--cpu-timeout", "600"]).status, "a program that ends")


@long_case
def time_out_of_an_idle_machine():
    done = run("sleep", options=["--cpu-timeout", "600"])
    own(done, 124, b"no end: nothing ran for 20 s")
    has(done.err, b"hart 0: pc 0x", "report")


@case
def kernel_panic_is_125():
    if not FAKE:
        raise Skip("a program cannot make this kernel panic")
    done = run("panic")
    own(done, 125, b"kernel panic: for a test")
    has(done.err, b"panic: backtrace", "report")


@case
def a_machine_that_says_nothing_is_125():
    if not FAKE:
        raise Skip("needs a machine that fails at will")
    done = run("exit", "0", options=["--append", "fake=mute"])
    own(done, 125, b"before the kernel said anything")
    has(done.err, b"Banner : yes", "what the firmware said")


@case
def a_machine_that_goes_off_without_a_word_is_125():
    if not FAKE:
        raise Skip("needs a machine that fails at will")
    own(run("lost"), 125, b"status 3")


@case
def a_hardened_kernel_that_goes_off_without_its_ledger_is_125():
    if not FAKE:
        raise Skip("needs a machine that fails at will")
    hardened = {"FAULTLINE_KERNEL": "faultline-hardened.elf"}
    own(run("exit", "3", env=hardened), 125, b"status 3 without a look at its ledger")
    done = run("ledger", "3", env=hardened)
    equal((3, b""), (done.status, done.err), "status and standard error")


@case
def no_qemu_is_125():
    path = folder("no qemu")
    for name in ("bash", "env", "readlink", "dirname", "python3"):
        os.symlink(subprocess.check_output(["which", name], text=True).strip(), os.path.join(path, name))
    own(run("exit", "0", env={"PATH": path}), 125, b"qemu-system-riscv64")


@case
def qemu_that_refuses_is_125():
    if FAKE:
        raise Skip("needs the real QEMU")
    done = run("exit", "0", env={"FAULTLINE_QEMU": "-device no-such-device"})
    own(done, 125, b"no-such-device")
    log = os.path.join(folder("no memory"), "log")
    own(run("exit", "0", options=["--mem", "100000T", "--log", log]), 125, b"before the kernel said anything: ")


@case
def not_an_elf_file_is_126():
    own(run_raw(["--", "/bin/sh"]), 126, b"not a riscv64 ELF")
    own(run_raw(["--", "/etc/passwd"]), 126, b"not a riscv64 ELF")
    own(run_raw(["--", "/"]), 126, b"not a file")
    path = os.path.join(folder("not ours"), "prog")
    for machine, bits, order, kind, said in (
            (62, 2, 1, 2, b"prog: not a riscv64 ELF program but an x86-64 one: compile it with riscv64-linux-gnu-gcc -static"),
            (22, 2, 2, 2, b"but an s390x one"), (243, 1, 1, 2, b"but a riscv32 one"), (999, 2, 1, 2, b"but an ELF (machine 999) one"),
            (243, 2, 1, 1, b"but an object file, which is not linked")):
        with open(path, "wb") as file:
            words = b"".join(number.to_bytes(2, "little" if order == 1 else "big") for number in (kind, machine))
            file.write(b"\x7fELF" + bytes([bits, order, 1]) + bytes(9) + words + bytes(44))
        own(run_raw(["--", path]), 126, said)
    with open(path + ".c", "w", encoding="ascii") as file:
        file.write("int main(void) { return 0; }\n")
    own(run_raw(["--", path + ".c"]), 126, b"but a C source: compile it with riscv64-linux-gnu-gcc -static")


@case
def not_found_is_127():
    own(run_raw(["--", "./no such program"]), 127, b"not found")
    own(run_raw(["--", "no-such-program"]), 127, b"not found")
    own(run_raw(["--", "/etc/passwd/x"]), 127, b"not found")
    own(run_raw(["--", "/bin/demo"]), 127, b"/bin/demo: not found here: the image's program is called demo")
    own(run_raw(["--", ""]), 126)


@case
def a_loader_that_is_not_here_is_127():
    path = os.path.join(folder("dynamic"), "a.out")
    for name, remedy in ((b"/lib/ld-linux-riscv64-none.so.1", b"install the package libc6-riscv64-cross, or link with -static"),
                         (b"/opt/ld.so", b"by --add FILE:/lib/"), (b"odd\nname", b"'odd\\nname'")):
        with open(path, "wb") as file:
            head = bytearray(b"\x7fELF\2\1\1" + bytes(9) + b"\2\0\xf3\0\1\0\0\0" + bytes(40))
            head[32:40] = (64).to_bytes(8, "little")  # where the program headers are,
            head[54:58] = (56).to_bytes(2, "little") + (1).to_bytes(2, "little")  # their size and number
            size = (len(name) + 1).to_bytes(8, "little")
            header = (3).to_bytes(8, "little") + (120).to_bytes(8, "little") + bytes(16) + size * 2 + bytes(8)
            file.write(head + header + name + b"\0")
        own(run_raw(["--", path]), 127, b"needs ", remedy)


@case
def a_script_for_this_machine_is_127():
    own(run_raw(["--", __file__]), 127, b"its interpreter /usr/bin/env is not in the guest", b"--add FILE:/usr/bin/env")


@case
def wrong_usage_is_2():
    for words in (["--mem", "much"], ["--mem", "0"], ["--mem"], ["--harts", "0"], ["--harts", "two"], ["--harts", "9" * 5000],
                  ["--timeout", "-1"], ["--timeout", "soon"], ["--cpu-timeout", "-1"], ["--env", "=x"], ["--env", "x"],
                  ["--add", "/no such file"], ["--add", "/etc/passwd:relative"], ["--log", ""],
                  ["--swap", "0"], ["--swap", "64"], ["--swap", "5X"], ["--swap", "-1"], ["--swap", "39K"], ["--swap", "17T"],
                  ["--swap", ""], ["--swap", "/no such file"], ["--swap", "/"], ["--swap", "/dev/null"],
                  ["--no-such-option"], ["program"], ["--icount=1"]):
        own(run_raw(words), 2)


@case
def a_size_without_a_unit_is_refused():
    """--swap may name a file of that name, and neither says what the number would count."""
    own(run_raw(["--mem", "64"]), 2, b"--mem wants a unit behind the number: 64M")
    own(run_raw(["--swap", "1"]), 2, b"--swap wants a unit behind the number: 1M", b"./1")


@case
def a_long_time_out_is_taken():
    equal(3, run("exit", "3", options=["--timeout", "1e8"]).status, "status")


@case
def what_cannot_be_added_is_named():
    own(run_raw(["--add", "/no such file"]), 2, b"/no such file: No such file or directory")
    own(run_raw(["--add", "/etc/passwd/x"]), 2, b"/etc/passwd/x: Not a directory")


@case
def a_folder_that_cannot_be_shared_is_2_and_named():
    place = folder("shares")
    with open(place + "/file", "w", encoding="ascii"):
        pass
    own(run_raw(["--share", "/no such folder"]), 2, b"/no such folder: No such file or directory")
    own(run_raw(["--share", place + "/file:/x"]), 2, b"/file: Not a directory")
    own(run_raw(["--share", place + ":relative"]), 2, b"absolute path, ro, setid or exclusive after the last colon, not 'relative'")
    own(run_raw(["--share", place + ":/"]), 2, b"the guest's root")
    own(run_raw(["--share", place + ":/.."]), 2, b"the guest's root")
    own(run_raw(["--share", ":/x"]), 2, b"DIR[:PATH][:ro|:setid]")
    own(run_raw(["--share", place + ":/x:rw"]), 2, b"not 'rw'")
    own(run_raw(["--share", place, "--share", place + ":/x/../mnt"]), 2, b"two folders at /mnt")
    own(run_raw([f"--share={place}:/{i}" for i in range(5)]), 2, b"4 folders at most")
    own(run_raw(["--share", place, "--", "/mnt/prog"]), 127, b"/mnt/prog: not found")
    own(run_raw(["--share", place, "--", "/mnt/file"]), 126, b"/mnt/file: not a riscv64 ELF program")


@case
def a_qemu_without_the_device_is_125_and_named():
    place = folder("no device")
    fake = os.path.join(place, "qemu-system-riscv64")
    with open(fake, "w", encoding="ascii") as file:
        file.write("#!/bin/sh\necho \"$0: -device virtio-9p-device: 'virtio-9p-device' is not a valid device model name\"\nexit 1\n")
    os.chmod(fake, 0o755)
    done = run("exit", "0", options=["--share", place], env={"PATH": place + ":" + os.environ["PATH"]})
    own(done, 125, b"no virtio-9p device")
    has(done.err, b"not a valid device model name", "what QEMU said")


@case
def more_harts_than_the_machine_can_have_are_125():
    """QEMU knows how many, and says so."""
    own(run_raw(["--harts", "99999", "--", PROBE, "exit", "0"]), 125, b"99999", b"max CPUs supported by machine 'virt'")


@case
def icount_with_several_harts_is_2():
    own(run_raw(["--icount", "--harts", "2", "--", PROBE, "exit", "0"]), 2, b"--icount")


@case
def strict_with_what_it_does_not_take_is_2():
    for options in (["--strict", "--harts", "9"], ["--strict", "--machine", "spike"], ["--strict=x"], ["--strict-opt", "negative"],
                    ["--strict", "--strict-opt", ""], ["--strict-json", "/dev/null"],
                    ["--strict", "--strict-json", "/nowhere/file"]):
        own(run_raw([*options, "--", PROBE, "exit", "0"]), 2, b"--strict")


@case
def strict_is_another_firmware_with_a_seed_and_options():
    for options, said in (([], b"negative, speculate=2, evict=1000, witness, ad=spec, asid=16, seed=1"), (["7"], b"ad=spec, asid=16, seed=7"),
                          (["--strict-opt", "evict=50,asid=3", "--strict-opt", "ad=fault"], b"evict=50, ad=fault, asid=3, seed=1")):
        done = run_raw(["--strict", *options, "--verbose", "--", PROBE, "exit", "5"])
        equal(5, done.status, "status")
        has(done.err, b"strict: hart 0, 254 MiB of memory", "what the firmware says")
        has(done.err, b"strict: " + said if options[:1] == ["--strict-opt"] else said, "its options")
    done = run_raw(["--strict", "--harts", "3", "--icount", "--strict-opt", "switch=7", "--verbose", "--", PROBE, "exit", "5"])
    equal(5, done.status, "status")
    has(done.err, b"negative, speculate=2, evict=1000, witness, harts=3, ids=1, boot=0, switch=7, eager=16, ad=spec", "its options")
    has(done.err, b": 3 harts, this is hart 0", "what the kernel has found")
    done = run_raw(["--strict", "--strict-opt", "sloppy", "--", PROBE, "exit", "5"])
    own(done, 125, b"QEMU ended with status 2")
    has(done.err, b"no such option: 'sloppy'", "what the firmware says")


@case
def strict_without_its_firmware_names_what_to_build():
    if FAKE:
        raise Skip("has no build")
    place = folder("no firmware")
    for name in ("faultline.elf", "user"):
        os.symlink(os.path.join(BUILD, name), os.path.join(place, name))
    own(run("exit", "0", options=["--strict"], env={"FAULTLINE_BUILD": place}), 125,
        f"{place}/tools/strict/strict.elf is missing: build it by ninja -C {place} tools/strict/strict.elf".encode())


@case
def help_is_0_and_names_every_option():
    done = run_raw(["--help"])
    equal((0, b""), (done.status, done.err), "status and standard error")
    for option in (b"--mem", b"--swap", b"--harts", b"--append", b"--timeout", b"--cpu-timeout", b"--icount", b"--env", b"--add",
                   b"--log", b"--strict", b"--gdb", b"--verbose", b"--version"):
        has(done.out, option, "help")


@case
def the_version_is_that_of_the_sources():
    with open(os.path.join(ROOT, "VERSION"), "rb") as file:
        version = file.read()
    done = run_raw(["--version"])
    equal((0, b"Faultline " + version, b""), (done.status, done.out, done.err), "--version")


@case
def an_archive_that_does_not_fit_is_125():
    path = os.path.join(folder("large"), "file")
    with open(path, "wb") as file:
        file.truncate(64 << 20)
    own(run("exit", "0", options=["--mem", "64M", "--add", path]), 125, b"--mem")


@case
def a_log_file_that_cannot_be_written_is_125():
    own(run("exit", "0", options=["--log", "/no such folder/log"]), 125, b"--log")


@case
def signals_end_the_machine_too():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        process = start("sleep", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                        start_new_session=True)
        equal(b"asleep\n", process.stdout.readline(), "first line")
        machines = children(process.pid)
        equal(1, len(machines), "machines")
        os.kill(process.pid, number)
        err = process.stderr.read()
        equal(128 + number, process.wait(PATIENCE), "status")
        equal(b"run.sh: ", err.splitlines()[-1][:8], "beginning of the last line")
        equal([], [pid for pid in machines if alive(pid)], "machines left")


@case
def an_interrupt_ends_a_run_in_a_scripts_background():
    """Where the shell has SIGINT ignored."""
    script = '"$0" -- "$1" sleep < /dev/null & read -r line; kill -INT $!; wait $!; echo "status $?"'
    process = subprocess.Popen(["bash", "-c", script, RUN, PROBE], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL)
    equal(b"asleep\n", process.stdout.readline(), "first line")
    equal(b"status 130\n", process.communicate(b"\n", timeout=PATIENCE)[0], "the shell's line")


@case
def a_killed_runner_takes_its_machine_along():
    process = start("sleep", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    process.stdout.readline()
    machines = children(process.pid)
    equal(1, len(machines), "machines")
    process.kill()
    process.wait()
    equal([], left_alive(machines), "machines left")


@case
def a_program_that_leaves_children_ends_the_run():
    if FAKE:
        raise Skip("needs the real kernel")
    done = run("orphan")
    equal(7, done.status, "status")
    lacks(done.err, b"run.sh", "standard error")


@case
def without_a_program_the_tour_runs():
    if FAKE:
        raise Skip("needs the real tour")
    done = run_raw(["--swap", "1M"])  # too small for its stop about swap, which takes most of the time
    equal(0, done.status, "status")
    has(done.err, b"tour[", "the report of the child that dies")
    has(done.out.lower(), b"copy-on-write", "standard output")


@case
def it_runs_without_its_name_being_a_path():
    done = subprocess.run(["bash", "-c", 'PATH="$1:$PATH"; run.sh -- "$0" exit 9', PROBE, os.path.dirname(RUN)],
                          stdin=subprocess.DEVNULL, timeout=PATIENCE, check=False)
    equal(9, done.returncode, "status")


if __name__ == "__main__":
    main()
