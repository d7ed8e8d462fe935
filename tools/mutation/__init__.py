# SPDX-License-Identifier: MIT
"""Bugs put into copies of the kernel, and which test finds them."""
