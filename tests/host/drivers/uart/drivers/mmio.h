/* SPDX-License-Identifier: MIT */
/* Stands before the kernel's own drivers/mmio.h: the registers are those of the device in test_uart.c. */
#pragma once

#include "lib/types.h"

uint32_t device_read(const volatile void *at);
void device_write(const volatile void *at, uint32_t value);

static inline uint32_t mmio_read32(const volatile void *base, size_t offset)
{
	return device_read((const volatile char *)base + offset);
}

static inline void mmio_write32(volatile void *base, size_t offset, uint32_t value)
{
	device_write((volatile char *)base + offset, value);
}

static inline uint8_t mmio_read8(const volatile void *base, size_t offset)
{
	return (uint8_t)device_read((const volatile char *)base + offset);
}

static inline void mmio_write8(volatile void *base, size_t offset, uint8_t value)
{
	device_write((volatile char *)base + offset, value);
}
