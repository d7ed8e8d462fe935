/* SPDX-License-Identifier: MIT */
/* The serial console in the device tree: a 16550. */
#pragma once

#include "base/log.h"
#include "lib/fdt.h"

/*
 * Finds the UART and registers it as the chardev "uart". Returns 0, -ENODEV if there is no
 * supported one, -EINVAL or -ENOMEM.
 */
int uart_init(const struct dt *dt);

/*
 * Enables the receive interrupt. Call when there is an interrupt controller. Returns 0, -ENODEV, or
 * an error of irq_register().
 */
int uart_listen(void);

/* Shows the log on the UART, if uart_init() has found one. */
extern struct log_sink uart_log_sink;
