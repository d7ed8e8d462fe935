/* SPDX-License-Identifier: MIT */
/* The file server of docs/servers.md: a directory with one file, whose contents say how often it was read. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "servers/file_server.h"

enum { ROOT, COUNT };

static unsigned nreads;

static int count_walk(void *tree, uint64_t dir, struct p9_string name, uint64_t *ret)
{
	*ret = p9_string_is(name, "count") ? COUNT : ROOT;
	return *ret == COUNT || p9_string_is(name, "..") ? 0 : -ENOENT;
}

static int count_getattr(void *tree, uint64_t file, struct file_attr *ret)
{
	ret->mode = file == ROOT ? S_IFDIR | 0555 : S_IFREG | 0444;
	ret->nlink = file == ROOT ? 2 : 1;
	ret->size = file == ROOT ? 0 : 11;
	return 0;
}

static ssize_t count_read(void *tree, uint64_t file, uint64_t offset, void *buf, size_t n,
			  const void **data)
{
	char text[12];

	if (offset >= 11)
		return 0;
	snprintf(text, sizeof(text), "%10u\n", ++nreads);
	if (n > 11 - offset)
		n = 11 - offset;
	memcpy(buf, text + offset, n);
	return (ssize_t)n;
}

static int count_readdir(void *tree, uint64_t dir, uint64_t at, struct file_entry *ret)
{
	*ret = (struct file_entry){ .file = COUNT, .name = p9_string("count"), .next = 1 };
	return at == 0;
}

static const struct file_ops ops = {
	.walk = count_walk,
	.getattr = count_getattr,
	.read = count_read,
	.readdir = count_readdir,
};

int main(int argc, char **argv)
{
	return file_server_main(&ops, NULL, argv + 1);
}
