/* SPDX-License-Identifier: MIT */
/* The devices /dev/null and /dev/zero. */
#pragma once

#include "fs/file.h"

extern const struct file_ops null_ops; /* /dev/null */
extern const struct file_ops zero_ops; /* /dev/zero */
