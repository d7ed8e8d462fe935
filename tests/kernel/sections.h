/* SPDX-License-Identifier: MIT */
/* Where the linker has put the list of in-kernel tests (arch's kernel.ld). */
#pragma once

#include "tests/kernel/ktest.h"

extern const struct ktest kernel_tests_start[], kernel_tests_end[];
