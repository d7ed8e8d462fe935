# SPDX-License-Identifier: MIT
"""The one error of these commands, apart so that parts without gdb can raise it too."""


class Trouble(Exception):
    """Something can't be shown; the text says why, in words for the user."""
