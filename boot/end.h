/* SPDX-License-Identifier: MIT */
/* What payloads have in common (boot/payload.h): the end of the machine, and input of consoles that do not tell. */
#pragma once

/* The payload cannot begin, and the log says why. */
void boot_end_failed(void) __attribute__((noreturn));

/* For machine_exit_hook of proc/exit.h: process 1 and all others have ended, but their output may still be queued. */
void boot_end(int status);

/* Has a thread look for input of a console without interrupts, which may be the firmware's. Called once. */
void boot_poll_console(void);
