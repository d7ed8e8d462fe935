/* SPDX-License-Identifier: MIT */
/* Writes core files. */
#pragma once

#include "lib/types.h"

struct signal_info;

/* struct process_fs_ops.core_dump */
bool core_file_write(const struct signal_info *info);
