/* SPDX-License-Identifier: MIT */
/* The devices /dev/random and /dev/urandom, which are the same. */
#pragma once

#include "desc/file.h"

extern const struct file_ops random_ops;

/* read(2) of the devices, and getrandom(2). Returns as a read slot. */
ssize_t random_give(struct user_iter *to);
