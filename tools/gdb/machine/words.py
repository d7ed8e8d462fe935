# SPDX-License-Identifier: MIT
"""Parses the arguments of the commands."""

import functools

import gdb

from .trouble import Trouble


def number(word):
    """Evaluates a word as a gdb expression, to an unsigned 64-bit number."""
    try:
        value = gdb.parse_and_eval(word)
        if value.type.strip_typedefs().code in (gdb.TYPE_CODE_ARRAY, gdb.TYPE_CODE_FUNC):
            value = value.address
        return int(value) & (1 << 64) - 1
    except gdb.error as error:
        raise Trouble(f"{word}: {error}") from None


def take(least, most, usage):
    """Marks a command whose arguments are numbers, and how many it takes."""

    def wrap(function):
        def arguments(words):
            if not least <= len(words) <= most:
                raise Trouble(f"usage: fl {usage}")
            return [number(word) for word in words]

        @functools.wraps(function)
        def call(*numbers):
            return function(*numbers)

        call.arguments = arguments
        return call

    return wrap
