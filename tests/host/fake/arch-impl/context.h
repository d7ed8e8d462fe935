/* SPDX-License-Identifier: MIT */
/* The fake machine's thread state: only its shape. */
#pragma once

#include "arch/hart.h"

#define ARCH_KSTACK_SIZE (16ul << 10)

struct arch_thread {
	struct hart *hart;
	unsigned long work;
	struct arch_preempt preempt;
	uint64_t who;
};
