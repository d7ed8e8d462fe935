# SPDX-License-Identifier: MIT
"""Messages that say what to build if a file of a build folder is missing."""

import os
import shlex

TARGETS = "all meson-test-prereq"  # since Meson 1.7 `all` does not include programs that only tests need


def build_folder(path):
    """Returns the build folder that contains a file, or None."""
    folder = os.path.dirname(os.path.abspath(path))
    while folder != "/":
        if os.path.exists(os.path.join(folder, "build.ninja")):
            return os.path.relpath(folder) if folder.startswith(os.getcwd() + os.sep) else folder
        folder = os.path.dirname(folder)
    return None


def missing(*paths):
    """Returns a sentence that says how to build the first missing file of these; "" if none is missing."""
    for path in paths:
        if not os.path.exists(path):
            folder = build_folder(path)
            how = f"ninja -C {shlex.quote(folder)} {TARGETS}" if folder else \
                f"meson setup build --cross-file cross-riscv64.ini && ninja -C build {TARGETS}"
            return f"{path} is missing. Build it: {how}"
    return ""
