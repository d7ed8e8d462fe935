# SPDX-License-Identifier: MIT
"""The parts of tools/port-check: the steps of a bring-up, the machine that is tried, and the debugger that looks at it."""
