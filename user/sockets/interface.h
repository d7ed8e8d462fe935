/* SPDX-License-Identifier: MIT */
/* What the one interface is, the loopback. */
#pragma once

#include <net/if.h>

#include <linux/if.h> /* has more, and has to come behind it */

#define LO_NAME		"lo"
#define LO_INDEX	1
#define LO_FLAGS	(IFF_UP | IFF_LOOPBACK | IFF_RUNNING)
#define LO_MTU		65536
#define LO_QUEUE_LENGTH 1000
#define LO_NET		0x7f000000u
#define LO_MASK		0xff000000u
#define LO_PREFIX	8
