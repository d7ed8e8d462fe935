/* SPDX-License-Identifier: MIT */
/* Stands before the kernel's own drivers/mmio.h: the registers are the hostile device's. */
#pragma once

#include "lib/types.h"

uint32_t device_read(size_t offset);
void device_write(size_t offset, uint32_t value);

static inline uint32_t mmio_read32(const volatile void *base, size_t offset)
{
	(void)base;
	return device_read(offset);
}

static inline void mmio_write32(volatile void *base, size_t offset, uint32_t value)
{
	(void)base;
	device_write(offset, value);
}
