#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How many requests the kernel makes for what is done with the files of a server."""

from lib.guest import run_placed
from lib.tap import case, equal, main


@case
def R142_no_more_requests_than_linux():
    done = run_placed("requests", options=["--mem", "256M"])
    equal((0, [b"requests: ok"]), (done.status, done.out.splitlines()[-1:]),
          f"status and output (it said {done.out} and {done.err})")


if __name__ == "__main__":
    main()
