/* SPDX-License-Identifier: MIT */
/* The serial console in the device tree: a 16550. */
#pragma once

#include "base/log.h"
#include "lib/fdt.h"

/*
 * Registers it as the chardev "uart". Returns 0, -ENODEV (none is supported), -EINVAL or -ENOMEM.
 */
int uart_init(const struct dt *dt);

/* Enables the receive interrupt. Needs the interrupt controller. Returns 0 or a negative errno. */
int uart_listen(void);

/* Shows the log on the UART, if uart_init() has found one. */
extern struct log_sink uart_log_sink;
