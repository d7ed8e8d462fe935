#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How many 9P requests using a shared folder takes: no more than when the figures were recorded by tools/count-9p."""

import importlib.machinery
import importlib.util
import os
import re
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests/system"))
sys.dont_write_bytecode = True

from lib.tap import case, equal, main, soak_case  # noqa: E402

TRACE = b"""v9fs_version tag 65535 id 100 msize 135168 version 9P2000.L
v9fs_version_return tag 65535 id 100 msize 135168 version 9P2000.L
v9fs_read tag 0 id 116 fid 1 off 0 max_count 4096
v9fs_read tag 1 id 116 fid 1 off 0 max_count 4096
v9fs_rerror tag 0 id 7 err 5
v9fs_read_return tag 1 id 116 count 4096 err 4107
"""
SLACK = 1.01  # a request more or less may come from what else happened


def load():
    """Loads the tool, which has no suffix."""
    loader = importlib.machinery.SourceFileLoader("count_9p", os.path.join(ROOT, "tools/count-9p"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


tool = load()
release, recorded = tool.load()


def compare(workload):
    """Fails where there are more than recorded."""
    kinds = tool.measure(("faultline",), workloads=(workload,))[workload, "faultline"]
    most = recorded[workload, "faultline"]
    equal(True, 0 < sum(kinds.values()) <= most * SLACK,
          f"{sum(kinds.values())} requests ({dict(kinds)}), where {most} were recorded and Linux has "
          f"{recorded[workload, 'linux']}: are there no more")


@case
def requests_are_counted_and_answers_are_not():
    with tempfile.TemporaryDirectory(prefix="count-9p-") as work:
        with open(work + "/trace", "wb") as file:
            file.write(TRACE)
        equal({"version": 1, "read": 2}, dict(tool.count(work + "/trace")), "requests")


@case
def the_recording_names_its_linux():
    equal(True, bool(re.fullmatch(r"\d+\.\d+\.\d+\S*-riscv64", release)), f"is '{release}' a kernel's release")
    equal(["kernel\t1.2.3-riscv64", "# workload\tsystem\tall\tby type", "read\tlinux\t2\tread=2"],
          tool.lines({("read", "linux"): {"read": 2}}, "1.2.3-riscv64"), "what is recorded")


@case
def linux_makes_as_many():
    for workload in tool.WORKLOADS:
        most = recorded[workload, "linux"]
        equal(True, recorded[workload, "faultline"] <= most, f"{workload}: are no more recorded than Linux's {most}")


@case
def reading_64_MiB():
    compare("read")


@case
def touching_64_MiB():
    compare("touch")


@case
def writing_64_MiB():
    compare("write")


@case
def storing_to_64_MiB():
    compare("map-write")


@case
def files_as_in_a_build():
    compare("build")


@case
def attributes_and_opens_that_are_known():
    compare("stat")
    compare("open")


@soak_case
def finding_10000_files():
    compare("find")


if __name__ == "__main__":
    main()
