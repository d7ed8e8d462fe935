/* SPDX-License-Identifier: MIT */
/* Access to device registers, in program order. */
#pragma once

#include "arch/hart.h"
#include "lib/types.h"

/*
 * A full fence, so that devices and memory see accesses in program order. A write has one behind it, too: the release
 * of a lock orders memory only, and the next holder may write to the same device from another hart.
 */
static inline void mmio_fence(void)
{
	arch_io_fence();
}

static inline uint32_t mmio_read32(const volatile void *base, size_t offset)
{
	uint32_t value = *(const volatile uint32_t *)((const volatile char *)base + offset);

	mmio_fence();
	return value;
}

static inline void mmio_write32(volatile void *base, size_t offset, uint32_t value)
{
	mmio_fence();
	*(volatile uint32_t *)((volatile char *)base + offset) = value;
	mmio_fence();
}

static inline uint8_t mmio_read8(const volatile void *base, size_t offset)
{
	uint8_t value = *((const volatile uint8_t *)base + offset);

	mmio_fence();
	return value;
}

static inline void mmio_write8(volatile void *base, size_t offset, uint8_t value)
{
	mmio_fence();
	*((volatile uint8_t *)base + offset) = value;
	mmio_fence();
}
