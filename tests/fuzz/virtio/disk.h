/* SPDX-License-Identifier: MIT */
/* A virtio block device in place of virtio/device.c's ports, with the same ways to be dishonest. */
#pragma once

#include "virtio/device.h"

#define DISK_PAGES 256

/* Of struct device_head: how many segments it allows, how many pages it has, its queue's size. */
#define DISK_SEGMENTS ports
#define DISK_CAPACITY ports_high
#define DISK_QUEUE    size_rx

/* Bits of head.features beside DEVICE_IS_MODERN. */
#define DISK_HAS_SEGMENTS 4u
#define DISK_READ_ONLY	  32u

/* The first and the last word of each of its pages. */
extern uint64_t disk_words[DISK_PAGES][2];

/*
 * It was dishonest: nothing is expected of what it does. `nonsense`: and the driver must notice;
 * `untold`: unless the device has hidden that again before the driver has looked.
 */
extern bool disk_dirty, disk_nonsense, disk_untold;

/* The driver has reset it, or has told it that it was given up. */
extern bool disk_was_reset, disk_was_failed;

/* Has it a command that names this page of memory? */
bool disk_holds(uint64_t address);

/* How many commands it has not answered. */
unsigned disk_outstanding(void);
