# SPDX-License-Identifier: MIT
"""The rules of the code's structure that a machine can check."""
