/* SPDX-License-Identifier: MIT */
/* Powers the machine off with an exit status. */
#pragma once

/* A driver registers its way to power off with a status. exit() returns only if that failed. */
void power_set_exit(void (*exit)(unsigned status));

/* Where the firmware cannot power off, power_off() may reboot instead. */
void power_allow_reboot(void);

/*
 * Logs "power: off, status S" and powers off, by the driver's way or else by the firmware's. May be
 * called in any context.
 */
void power_off(unsigned status) __attribute__((noreturn));
