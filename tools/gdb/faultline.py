# SPDX-License-Identifier: MIT
"""Commands for gdb-multiarch that show a Faultline machine in QEMU: source this file, then `fl help`."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from machine import commands  # noqa: E402

commands.register()
