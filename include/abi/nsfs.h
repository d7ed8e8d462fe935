/* SPDX-License-Identifier: MIT */
/* The Linux layer's: requests of ioctl for what a link of /proc/PID/ns leads to. */
#pragma once

#define NS_GET_USERNS	 0xb701ul
#define NS_GET_PARENT	 0xb702ul
#define NS_GET_NSTYPE	 0xb703ul
#define NS_GET_OWNER_UID 0xb704ul
