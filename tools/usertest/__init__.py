# SPDX-License-Identifier: MIT
"""The user tests: programs whose output and status must be those that a real Linux recorded."""
