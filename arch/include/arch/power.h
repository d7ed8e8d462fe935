/* SPDX-License-Identifier: MIT */
/* Power off and reset through the firmware. */
#pragma once

/* Switches the machine off; returns only if the firmware can't. */
void arch_power_off(void);

/* Resets the machine, which then starts anew; returns only if the firmware can't. */
void arch_reboot(void);
