/* SPDX-License-Identifier: MIT */
/* The firmware's console as a device, used if no supported UART is found. */
#pragma once

#include "base/chardev.h"
#include "base/log.h"

/* Shows the log on the console. It works before anything else does. */
extern struct log_sink firmware_log_sink;

/* For output only: its input has always ended. */
extern struct chardev firmware_console;
