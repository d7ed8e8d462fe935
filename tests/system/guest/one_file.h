/* SPDX-License-Identifier: MIT */
/* A tree for file servers of tests: each name is the one file, ONE_FILE_SIZE bytes of ONE_FILE_BYTE. */
#pragma once

#include "servers/file_server.h"

#include <string.h>
#include <sys/stat.h>

#define ONE_FILE_SIZE 4096ul
#define ONE_FILE_BYTE 'x'

static int one_walk(void *tree, uint64_t dir, struct p9_string name, uint64_t *ret)
{
	(void)tree;
	(void)dir;
	*ret = p9_string_is(name, "..") ? 0 : 1;
	return 0;
}

static int one_getattr(void *tree, uint64_t file, struct file_attr *ret)
{
	(void)tree;
	ret->mode = file == 0 ? S_IFDIR | 0755 : S_IFREG | 0644;
	ret->nlink = 1;
	ret->size = file == 0 ? 0 : ONE_FILE_SIZE;
	return 0;
}

static ssize_t one_read(void *tree, uint64_t file, uint64_t offset, void *buf, size_t n,
			const void **data)
{
	(void)tree;
	(void)file;
	(void)data;
	if (offset >= ONE_FILE_SIZE)
		return 0;
	n = n < ONE_FILE_SIZE - offset ? n : ONE_FILE_SIZE - offset;
	memset(buf, ONE_FILE_BYTE, n);
	return (ssize_t)n;
}

static const struct file_ops one_file = {
	.walk = one_walk,
	.getattr = one_getattr,
	.read = one_read,
};
