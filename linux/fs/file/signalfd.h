/* SPDX-License-Identifier: MIT */
/* Signals that are read from a file instead of running a handler. */
#pragma once

#include "desc/file.h"

/* Creates a file for the signals of `mask`. flags: O_NONBLOCK. Returns 0, -ENFILE or -ENOMEM. */
int signalfd_create(uint64_t mask, unsigned flags, struct file **file_ret);

bool file_is_signalfd(const struct file *file);

/* Changes which signals it is for. */
void signalfd_set_mask(struct file *file, uint64_t mask);
