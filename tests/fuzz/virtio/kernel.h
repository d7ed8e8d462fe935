/* SPDX-License-Identifier: MIT */
/* What the driver asks of the rest of the kernel, and what a test sees of that. */
#pragma once

#include "base/chardev.h"
#include "base/log.h"
#include "drivers/irq.h"
#include "lib/types.h"

#define FRAMES 96

/* Fresh memory: frames hold poison. After `allocations` calls one fails (0: none). */
void kernel_start(unsigned allocations, bool irq_fails, bool no_room);
void kernel_end(void);

/* Time, which each look at the clock moves on. While the machine boots, a look is a step of the device too. */
extern uint64_t kernel_now;
extern bool kernel_boots;

/* What was registered. */
extern irq_handler kernel_handler;
/* Calls the handler, and then what it has put off. Returns how often it has put something off. */
unsigned kernel_interrupt(void);
extern struct log_sink *kernel_sink; /* the port that the log moved to */
extern struct chardev *kernel_devices[CHARDEV_MAX];
extern unsigned kernel_ndevices;

/* How often the hart was given its deadline once more. */
extern unsigned kernel_rearms;

/* Errors that were logged, and the last one's text. */
extern unsigned kernel_errors;
extern char kernel_last_error[512];
