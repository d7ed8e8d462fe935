/* SPDX-License-Identifier: MIT */
/* The integer types that everything uses, and addresses as types of their own name. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A signed size; the same type as the C library's, so that both may be in sight on the host. */
typedef long ssize_t;

typedef uint64_t paddr_t; /* physical */
typedef uint64_t vaddr_t; /* virtual, of a user space or the kernel */
