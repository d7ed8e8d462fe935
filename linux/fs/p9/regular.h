/* SPDX-License-Identifier: MIT */
/* Open regular files on a 9P server. */
#pragma once

#include "desc/file.h"

extern const struct file_ops p9_regular_ops;
