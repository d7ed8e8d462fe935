# SPDX-License-Identifier: MIT
"""Runs random sequences of mmap() and related calls on two kernels, compares the results and shrinks a difference."""
