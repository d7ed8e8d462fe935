# SPDX-License-Identifier: MIT
"""The parts of the gdb script: reading the machine, the kernel's structures, and the commands."""
