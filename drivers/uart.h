/* SPDX-License-Identifier: MIT */
/* The serial console in the device tree, and a second UART for the log. */
#pragma once

#include "base/log.h"
#include "lib/fdt.h"

/*
 * Registers the console as the chardev "uart". Returns 0, -ENODEV (none is supported), -EINVAL or
 * -ENOMEM.
 */
int uart_init(const struct dt *dt);

/* Enables the receive interrupt. Needs the interrupt controller. Returns 0 or a negative errno. */
int uart_listen(void);

/* Does it have to be polled for input, every few milliseconds, by uart_poll()? */
bool uart_is_polled(void);
void uart_poll(void);

/* Shows the log on the console. NULL: uart_init() has found none. */
struct log_sink *uart_log_sink(void);

/* Starts a UART that is not the console, and shows the log there. NULL: there is none, or it can't. */
struct log_sink *uart_second_log_sink(const struct dt *dt);
