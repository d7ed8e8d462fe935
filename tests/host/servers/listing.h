/* SPDX-License-Identifier: MIT */
/* Prints all that can be read of a tree of files: from a mount on Linux, or by requests to a server. */
#pragma once

#include <stdio.h>
#include <sys/stat.h>
#include <sys/types.h>

#define LISTING_NAMES 200u /* the most in a directory */
#define LISTING_PATH  4096u

struct listing_name {
	char name[256];
	unsigned type;
};

/* How to ask. Paths are relative to the root, which is ".". Each returns a negative errno if it fails. */
struct listing_ops {
	int (*get_stat)(const char *path, struct stat *ret);
	/* Returns how many, "." and ".." among them. */
	int (*get_names)(const char *path, struct listing_name *ret);
	ssize_t (*get_target)(const char *path, char *to, size_t size);
	/* Up to n bytes; fewer only at the end. */
	ssize_t (*get_bytes)(const char *path, void *to, size_t n, off_t offset);
	/* What opening to write answers. */
	int (*try_write)(const char *path);
};

/*
 * A line for each file, and below it how it was read: directories' names in their order, targets of
 * links, hashes of whole files up to a mebibyte, and of bytes at random offsets.
 */
void listing_print(const struct listing_ops *ops, FILE *out);
