# SPDX-License-Identifier: MIT
"""The user tests: programs whose output and status must equal those recorded on a real Linux."""
