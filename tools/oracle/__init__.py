# SPDX-License-Identifier: MIT
"""The Linux oracle: what a real riscv64 Linux makes of a program."""
