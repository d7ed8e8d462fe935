# SPDX-License-Identifier: MIT
"""The exception of these commands, in a file of its own so that modules without gdb can raise it too."""


class Trouble(Exception):
    """Something cannot be shown. The text is a message for the user."""
