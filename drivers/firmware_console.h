/* SPDX-License-Identifier: MIT */
/* The firmware's console as a device: where no UART of ours is found. */
#pragma once

#include "base/chardev.h"
#include "base/log.h"

/* Shows the log on it: works before anything else does. */
extern struct log_sink firmware_log_sink;

/* Output only: its input has always ended. */
extern struct chardev firmware_console;
