# SPDX-License-Identifier: MIT
"""The parts of the QEMU runner: what ./run.sh, the kernel-test driver and the recorder share."""
