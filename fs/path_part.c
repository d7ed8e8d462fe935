/* SPDX-License-Identifier: MIT */
/* Splits paths into components. */
#include "fs/path_part.h"

static const char *skip_slashes(const char *s)
{
	while (*s == '/')
		s++;
	return s;
}

static enum path_kind kind_of(const char *name, size_t len)
{
	if (len == 0)
		return PATH_ROOT;
	if (len == 1 && name[0] == '.')
		return PATH_DOT;
	if (len == 2 && name[0] == '.' && name[1] == '.')
		return PATH_DOTDOT;
	return PATH_NAME;
}

const char *path_part_next(const char *path, struct path_part *part)
{
	const char *s = skip_slashes(path);

	part->name = s;
	while (*s != '\0' && *s != '/')
		s++;
	part->len = (size_t)(s - part->name);
	part->slash = *s == '/';
	part->kind = kind_of(part->name, part->len);
	return skip_slashes(s);
}
