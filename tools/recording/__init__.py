# SPDX-License-Identifier: MIT
"""Recordings of what machines did with memory (docs/journal.md)."""
