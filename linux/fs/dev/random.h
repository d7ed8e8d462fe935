/* SPDX-License-Identifier: MIT */
/* The devices /dev/random and /dev/urandom, which are the same. */
#pragma once

#include "desc/file.h"

extern const struct file_ops random_ops;
