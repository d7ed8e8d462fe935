# SPDX-License-Identifier: MIT
"""Commands for gdb-multiarch that show a Faultline machine in QEMU: source this file, then `fl help`."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import gdb  # noqa: E402

from machine import commands  # noqa: E402

# Programs name their sources as if the tree were there: meson.build.
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
gdb.execute("set substitute-path /usr/src/faultline " + ROOT)

commands.register()
