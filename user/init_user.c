/* SPDX-License-Identifier: MIT */
/* The user of the program, by ./run.sh --user: process 1 and the servers stay root's. */
#include "init_user.h"

#include "lib/complain.h"
#include "lib/slurp.h"
#include "lib/strings.h"
#include "lib/sys.h"
#include "lib/text.h"

#define ORDERS "/run/user"

/* From the runner: both ids, who runs QEMU on the host, and folders that are to be the user's. */
enum { USER, GROUP, HOST_USER, HOST_GROUP, FOLDERS };

/* The ids, and paths: the working directory, and what is added for the user. Few: memory is promised for it. */
#define ORDERS_BYTES 16384
#define ORDERS_MAX   64

static char bytes[ORDERS_BYTES + 1];
static char *orders[ORDERS_MAX + 1];
static long norders;

static unsigned init_user_number(const char *digits)
{
	unsigned n = 0;

	for (; *digits >= '0' && *digits <= '9'; digits++)
		n = n * 10 + (unsigned)(*digits - '0');
	return n;
}

long user_read(void)
{
	norders = slurp(ORDERS, bytes, ORDERS_BYTES);
	if (norders >= 0)
		norders = strings_split(bytes, norders, orders, ORDERS_MAX);
	if (norders == -ENOENT)
		norders = 0;
	if (norders > 0 && norders < FOLDERS)
		norders = -EINVAL;
	if (norders < 0)
		complain("cannot read ", ORDERS, norders);
	return norders < 0 ? norders : 0;
}

char *user_options(char *to)
{
	static const char *const names[FOLDERS] = { [USER] = ",guestuid=",
						    [GROUP] = ",guestgid=",
						    [HOST_USER] = ",hostuid=",
						    [HOST_GROUP] = ",hostgid=" };

	for (unsigned i = 0; i < FOLDERS && norders > 0; i++)
		to = text_append(text_append(to, names[i]), orders[i]);
	return to;
}

static long init_user_give(const char *path)
{
	long err = sys_chown(path, init_user_number(orders[USER]), init_user_number(orders[GROUP]));

	if (err < 0)
		complain("cannot give to the program's user ", path, err);
	return err;
}

/* Not all ports are there: a stream may be the console. */
long user_own(void)
{
	static const char *const streams[] = { "/dev/console", "/dev/port/stdin",
					       "/dev/port/stdout", "/dev/port/stderr" };
	long err = 0;

	for (unsigned i = 0; i < sizeof(streams) / sizeof(streams[0]) && norders > 0; i++)
		sys_chown(streams[i], init_user_number(orders[USER]),
			  init_user_number(orders[GROUP]));
	for (long i = FOLDERS; i < norders && err == 0; i++)
		err = init_user_give(orders[i]);
	return err;
}

long user_become(void)
{
	unsigned uid, gid;
	long err;

	if (norders == 0)
		return 0;
	uid = init_user_number(orders[USER]);
	gid = init_user_number(orders[GROUP]);
	err = sys_call(SYS_setgroups, 0, 0, 0, 0, 0, 0);
	if (err == 0)
		err = sys_call(SYS_setresgid, gid, gid, gid, 0, 0, 0);
	if (err == 0)
		err = sys_call(SYS_setresuid, uid, uid, uid, 0, 0, 0);
	return err;
}
