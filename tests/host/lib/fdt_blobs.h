/* SPDX-License-Identifier: MIT */
/* The two device trees that the tests read, and the comparison of a tree with libfdt's view. */
#pragma once

#include <libfdt.h>

#include "lib/types.h"

/*
 * What `qemu-system-riscv64 -machine virt,dumpdtb=...` of QEMU 7.2 wrote, with 2 harts, an initrd
 * and a command line.
 */
extern char *qemu_blob;
extern size_t qemu_size;

/* A tree with what that one has not: aliases, reservations, odd properties. */
extern char made_blob[2048];
extern size_t made_size;

/* Makes both. path: the file with QEMU's tree */
void fdt_blobs_init(const char *path);

/* A call of libfdt's that must succeed. */
void must(int r);

/* Reads the tree with both readers; fails the test if they differ. Returns the number of nodes. */
unsigned compare_all(const void *blob, size_t size);
