# SPDX-License-Identifier: MIT
"""Brings the tools and the system tests' few lines of TAP to the tests of the film."""

import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TOOLS = os.path.join(ROOT, "tools")
sys.path[:0] = [TOOLS, os.path.join(ROOT, "tests/system")]
