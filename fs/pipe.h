/* SPDX-License-Identifier: MIT */
/* Pipes: what is written to one end is read from the other. */
#pragma once

#include "fs/file.h"

/* A pipe's two ends, one reference each; flags: O_NONBLOCK. 0 or -ENOMEM. */
int pipe_create(unsigned flags, struct file **read_ret, struct file **write_ret);
