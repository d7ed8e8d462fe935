/* SPDX-License-Identifier: MIT */
/* A folder of the host's as the root of the program, by ./run.sh --root. */
/*
 * The folder's server runs from the tmpfs where the kernel has unpacked the boot archive: its own
 * pages must never be asked of itself. So that tmpfs stays the root of the tree, and of process 1
 * and the servers. The program's process gets another root, by chroot.
 */
#include "init_root.h"

#include "abi/mount.h"
#include "lib/complain.h"
#include "lib/slurp.h"
#include "lib/sys.h"
#include "lib/text.h"

#define ORDERS	"/run/root"
#define PROMPT	"/bin/sh"
#define FD_PATH "/proc/self/fd/"

/* From the runner: where the root is mounted, and a word more if the image's prompt is to run there. */
static struct strings orders;
static long norders;
static int outer = -1; /* the root that process 1 has had before */

/* There is only one /dev, /proc and /sys, which move. What the root's own directories have is covered. */
static const struct {
	const char *path, *type;
	bool may_lack; /* a root that cannot be written need not have such a directory */
} systems[] = {
	{ "/dev", "devtmpfs", false },
	{ "/dev/pts", "devpts", false },
	{ "/dev/shm", "tmpfs", false },
	{ "/dev/mqueue", "mqueue", false },
	{ "/proc", "proc", false },
	{ "/sys", "sysfs", true },
	{ "/tmp", "tmpfs", false },
	{ "/run", "tmpfs", true }, /* where programs make sockets, which no folder of the host's can have */
};

long root_wanted(const char **where_ret)
{
	norders = read_strings(ORDERS, &orders);
	*where_ret = 0;
	if (norders == -ENOENT)
		norders = 0;
	if (norders < 0)
		complain("cannot read ", ORDERS, norders);
	else if (norders > 0)
		*where_ret = orders.at[0];
	return norders < 0 ? norders : 0;
}

static long mount_systems(void)
{
	for (unsigned i = 0; i < sizeof(systems) / sizeof(systems[0]); i++) {
		const char *path = systems[i].path, *type = systems[i].type;
		long err;

		sys_mkdir(path, 0755); /* it may be there */
		err = sys_mount(type, path, type, 0, "");
		if (err == -ENOENT && systems[i].may_lack)
			continue;
		if (err < 0) {
			complain("cannot mount in the root that --root has given: ", path, err);
			return err;
		}
	}
	return 0;
}

long root_enter(void)
{
	long err;

	outer = (int)sys_open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	err = outer < 0 ? outer : sys_umount2("/dev", MNT_DETACH);
	if (err >= 0)
		err = sys_umount2("/proc", MNT_DETACH);
	if (err >= 0)
		err = sys_umount2("/sys", MNT_DETACH);
	if (err >= 0)
		err = sys_chroot(orders.at[0]);
	if (err < 0) {
		complain("cannot change the root to ", orders.at[0], err);
		return err;
	}
	return mount_systems();
}

long root_leave(void)
{
	long err = sys_fchdir(outer);

	if (err >= 0)
		err = sys_chroot(".");
	if (err < 0)
		complain("cannot change the root back to ", "the first one", err);
	sys_close(outer);
	return err;
}

/* The image's prompt is not below the new root: a descriptor of the first root leads there. */
static const char *prompt_by(long first)
{
	static char path[64];
	char digits[DECIMAL_SIZE];

	text_append(text_append(text_append(path, FD_PATH), decimal((unsigned)first, digits)),
		    PROMPT);
	return path;
}

long root_become(const char **path_ret)
{
	long first = sys_open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), err;

	if (first < 0)
		return first;
	err = sys_chroot(orders.at[0]);
	if (err == 0)
		err = sys_chdir("/");
	if (err == 0 && norders > 1)
		*path_ret = prompt_by(first);
	return err;
}
