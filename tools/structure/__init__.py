# SPDX-License-Identifier: MIT
"""The rules of how the code is laid out, as far as a machine can check them."""
