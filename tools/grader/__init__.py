# SPDX-License-Identifier: MIT
"""The grader of a lab: what ./grade, ./hint and ./pack of a student's tree run, and tools/lab for the teacher."""
