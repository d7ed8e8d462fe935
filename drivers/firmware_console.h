/* SPDX-License-Identifier: MIT */
/* The firmware's console as a device, used if no supported UART is found. */
#pragma once

#include "base/chardev.h"
#include "base/log.h"

/* Shows the log on the console. It works before anything else does. */
extern struct log_sink firmware_log_sink;

extern struct chardev firmware_console;

/* Takes input that has come, up to 16 bytes. For one thread only. */
void firmware_console_poll(void);
