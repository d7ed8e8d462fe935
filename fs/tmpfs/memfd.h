/* SPDX-License-Identifier: MIT */
/* Files without a name, in memory. */
#pragma once

#include "fs/file.h"

/* An empty file open for reading and writing; NULL: out of memory. */
struct file *memfd_file_create(void);

/* The same with other permissions than 0777 and other seals (F_SEAL_*) than the one that keeps all others off. */
struct file *memfd_file_create_with(uint32_t mode, unsigned seals);
