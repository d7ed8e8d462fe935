/* SPDX-License-Identifier: MIT */
/* The serial port that the device tree names as its console: a 16550. */
#pragma once

#include "base/log.h"
#include "lib/fdt.h"

/* Finds and registers it as the chardev "uart". 0; -ENODEV: none that we know; -EINVAL; -ENOMEM */
int uart_init(const struct dt *dt);

/* Turns its receive interrupt on, once there is an interrupt controller. 0, or that of irq_register(). */
int uart_listen(void);

/* Shows the log on it. => uart_init() found one */
extern struct log_sink uart_log_sink;
