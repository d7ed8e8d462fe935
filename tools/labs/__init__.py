# SPDX-License-Identifier: MIT
"""The labs for courses, as their teacher sees them: making students' trees, checking labs, grading many submissions."""
