#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Films in a browser (R191): each fault of a recording with its page tables before and after, without a network."""

import sys

import base  # noqa: F401
import page
from lib.tap import CASES, PARTS, main

WHY = page.missing()
if WHY:
    print(f"1..0 # SKIP {WHY}")
    sys.exit(0)

import case_devices  # noqa: E402,F401
import case_large  # noqa: E402,F401
import case_moving  # noqa: E402,F401
import case_pages  # noqa: E402,F401
import case_quiz  # noqa: E402,F401
import case_real  # noqa: E402,F401
import case_showing  # noqa: E402,F401
import shown  # noqa: E402


def checked(function):
    """Has a case look at the browser's console, too."""
    def run():
        try:
            function()
            page.no_complaint()
        except Exception:
            shown.STATE["clean"] = None  # the next case looks at a new page
            raise

    run.__name__ = function.__name__
    if function in PARTS:
        PARTS[run] = PARTS[function]
    return run


CASES[:] = [checked(function) for function in CASES]
main()
