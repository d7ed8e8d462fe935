/* SPDX-License-Identifier: MIT */
/* userfaultfd: a program resolves faults in its memory by a descriptor. */
#pragma once

#include "desc/file.h"

#define UNPRIVILEGED_USERFAULTFD 0
extern uint32_t userfaultfd_limits[1]; /* atomic: /proc/sys/vm/unprivileged_userfaultfd */

extern const struct file_ops userfaultfd_device_ops; /* /dev/userfaultfd */

/*
 * Makes a file for the memory of the running process. `flags`: O_CLOEXEC, O_NONBLOCK and UFFD_USER_MODE_ONLY. Returns the descriptor,
 * or -EINVAL, -EMFILE, -ENFILE or -ENOMEM.
 */
int userfaultfd_open(unsigned flags);
