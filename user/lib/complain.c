/* SPDX-License-Identifier: MIT */
/* The messages of process 1, which has no C library. */
#include "lib/complain.h"

#include "lib/sys.h"

#define LINE_SIZE 8192 /* has room for a path and what is said of it */

/* Each line is written by one call: what the kernel logs meanwhile does not come in the middle of it. */
void complain_say(const char *s)
{
	static char line[LINE_SIZE];
	static unsigned long used;

	for (; *s; s++) {
		line[used++] = *s;
		if (*s == '\n' || used == sizeof(line)) {
			sys_write(2, line, used);
			used = 0;
		}
	}
}

static const char *errno_text(long err)
{
	static const struct {
		int err;
		const char *text;
	} known[] = {
		{ EPERM, "operation not permitted" },
		{ ENOENT, "no such file" },
		{ EIO, "input/output error" },
		{ ENXIO, "no such device" },
		{ EBUSY, "in use already" },
		{ EEXIST, "the name is there already" },
		{ EROFS, "read-only" },
		{ E2BIG, "argument list too long" },
		{ ENOEXEC, "not a program for this machine" },
		{ EAGAIN, "too many processes" },
		{ ENOMEM, "out of memory" },
		{ EACCES, "permission denied (is it executable?)" },
		{ EFAULT, "bad address" },
		{ ENODEV, "no such device" },
		{ ENOTDIR, "a component of the path is not a directory" },
		{ EISDIR, "is a directory" },
		{ EINVAL, "invalid argument" },
		{ ETXTBSY, "the file is open for writing" },
		{ ENAMETOOLONG, "name too long" },
		{ ELOOP, "too many symbolic links" },
		{ ENOSYS, "not implemented" },
	};

	for (unsigned long i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].err == -err)
			return known[i].text;
	return 0;
}

void complain(const char *doing, const char *what, long err)
{
	const char *text = errno_text(err);
	char digits[8];
	int n = sizeof(digits) - 1;

	complain_say("init: ");
	complain_say(doing);
	complain_say(what);
	complain_say(": ");
	if (text) {
		complain_say(text);
	} else {
		digits[n] = '\0';
		for (err = -err; n > 0 && (err || n == sizeof(digits) - 1); err /= 10)
			digits[--n] = (char)('0' + err % 10);
		complain_say("error ");
		complain_say(digits + n);
	}
	complain_say("\n");
}
