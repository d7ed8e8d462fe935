# SPDX-License-Identifier: MIT
"""Random sequences of the mmap family on two kernels: running them, comparing, and shrinking what differs."""
