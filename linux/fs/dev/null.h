/* SPDX-License-Identifier: MIT */
/* The devices /dev/null, /dev/zero and /dev/full. */
#pragma once

#include "desc/file.h"

extern const struct file_ops null_ops; /* /dev/null */
extern const struct file_ops zero_ops; /* /dev/zero */
extern const struct file_ops full_ops; /* /dev/full */
