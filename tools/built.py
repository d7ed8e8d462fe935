# SPDX-License-Identifier: MIT
"""Says what to build where a file of a build folder is not there."""

import os
import shlex

TARGETS = "all meson-test-prereq"  # from Meson 1.7 on `all` has no programs that only tests need


def build_folder(path):
    """Gives the build folder that a file lies in, None where there is none."""
    folder = os.path.dirname(os.path.abspath(path))
    while folder != "/":
        if os.path.exists(os.path.join(folder, "build.ninja")):
            return os.path.relpath(folder) if folder.startswith(os.getcwd() + os.sep) else folder
        folder = os.path.dirname(folder)
    return None


def missing(*paths):
    """Gives a sentence about the first of these files that is not there, which says how to make it; "" for none."""
    for path in paths:
        if not os.path.exists(path):
            folder = build_folder(path)
            how = f"ninja -C {shlex.quote(folder)} {TARGETS}" if folder else \
                f"meson setup build --cross-file cross-riscv64.ini && ninja -C build {TARGETS}"
            return f"{path} is missing. Build it: {how}"
    return ""
