/* SPDX-License-Identifier: MIT */
/* Reads the files in which the runner says what is to be done. */
#include "lib/slurp.h"

#include "lib/strings.h"
#include "lib/sys.h"

long slurp(const char *path, char *buf, long max)
{
	long fd = sys_open(path, O_RDONLY), n = 0, r = 1;

	if (fd < 0)
		return fd;
	while (r > 0) {
		char beyond;

		r = n < max ? sys_read((int)fd, buf + n, (unsigned long)(max - n))
			    : sys_read((int)fd, &beyond, 1);
		if (r > 0 && n == max)
			r = -E2BIG;
		n += r > 0 ? r : 0;
	}
	sys_close((int)fd);
	return r < 0 ? r : n;
}

long read_strings(const char *path, struct strings *s)
{
	long n = slurp(path, s->bytes, STRINGS_BYTES);

	return n < 0 ? n : strings_split(s->bytes, n, s->at, STRINGS_MAX);
}
