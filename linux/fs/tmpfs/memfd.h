/* SPDX-License-Identifier: MIT */
/* Files in memory without a name, as memfd_create(2) makes them. */
#pragma once

#include "desc/file.h"

/* What one counts as (file_memory_add()): the open file, and what a mapping may keep. */
#define MEMFD_BYTES (2 * FILE_BYTES)

/*
 * Creates an empty file, open for reading and writing. Returns NULL if memory runs out. As on Linux,
 * the file may be executed while this descriptor is open: it does not count as a writer, and neither
 * do mappings that are made with it. A descriptor that is opened by its link in /proc counts.
 */
struct file *memfd_file_create(void);

/* Creates a memfd with that name, permissions and seals (F_SEAL_*); memfd_file_create() takes 0777 and F_SEAL_SEAL. */
struct file *memfd_file_create_with(const char *name, uint32_t mode, unsigned seals);

struct inode;
/* The slot `label` of an inode that has no mount: it has the name that it was created with. */
size_t memfd_label(struct inode *inode, char *buf, size_t size);
