/* SPDX-License-Identifier: MIT */
/* The Linux layer's: the magic numbers and the commands of reboot. */
#pragma once

#define REBOOT_MAGIC1  0xfee1dead
#define REBOOT_MAGIC2  672274793
#define REBOOT_MAGIC2A 85072278
#define REBOOT_MAGIC2B 369367448
#define REBOOT_MAGIC2C 537993216

#define REBOOT_CMD_CAD_OFF   0x00000000
#define REBOOT_CMD_CAD_ON    0x89abcdef
#define REBOOT_CMD_RESTART   0x01234567
#define REBOOT_CMD_HALT	     0xcdef0123
#define REBOOT_CMD_POWER_OFF 0x4321fedc
