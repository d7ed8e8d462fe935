/* SPDX-License-Identifier: MIT */
/* The tree of files that are computed; user/servers/madeup.c says which. It is the same everywhere. */
#pragma once

#include "file_server.h"

/* Call it first: it finds the primes that the numbers are made of. */
void madeup_prepare(void);

extern const struct file_ops madeup_ops;
