/* SPDX-License-Identifier: MIT */
/* The integer types that all code uses, and named types for addresses. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A signed size. The same type as the C library's, because the host includes both. */
typedef long ssize_t;

typedef uint64_t paddr_t; /* physical */
typedef uint64_t vaddr_t; /* virtual, of an address space or the kernel */
