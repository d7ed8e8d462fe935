# SPDX-License-Identifier: MIT
"""The Linux oracle: runs a program on a real riscv64 Linux, whose output and status are the reference."""
