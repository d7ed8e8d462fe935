/* SPDX-License-Identifier: MIT */
/* The end of the machine with an exit status. */
#pragma once

/* A driver offers a way to end with a status; it returns only if that did not work. */
void power_set_exit(void (*exit)(unsigned status));

/*
 * Logs "power: off, status S" and ends: by the driver's way, else by the firmware's.
 * => any context
 */
void power_off(unsigned status) __attribute__((noreturn));
