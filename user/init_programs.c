/* SPDX-License-Identifier: MIT */
/* The servers' programs, where no other program can change or replace them. */
/*
 * A server is started again when it has ended, by executing its program once more. A process that
 * could put another program at its path would be given the server's device then. So each program is in a file
 * system of its own, which is in no tree: process 1 has a descriptor of its root. It is read-only,
 * and what is in no tree can neither be mounted on nor be made writable. By a link of /proc others
 * may read it.
 */
#include "init_programs.h"

#include "abi/mount.h"
#include "lib/sys.h"
#include "lib/text.h"

#define WHERE "/run/programs"
#define PIECE 16384

#define MOST 4

/* Each has a file system of its own, which is read-only before the next one comes. */
static struct {
	const char *path;
	int root;
} programs[MOST];
static unsigned nprograms;

static const char *last_name(const char *path)
{
	const char *name = path;

	for (; *path; path++)
		if (*path == '/')
			name = path + 1;
	return name;
}

static long programs_copy(int from, int to)
{
	static char piece[PIECE];
	long n = sys_read(from, piece, sizeof(piece));

	while (n > 0) {
		for (long done = 0, put; done < n; done += put) {
			put = sys_write(to, piece + done, (unsigned long)(n - done));
			if (put < 0)
				return put;
		}
		n = sys_read(from, piece, sizeof(piece));
	}
	return n;
}

/* The image's own file goes: two copies would take the memory of two. */
static long programs_move(const char *path, const char *to_path)
{
	long from = sys_open(path, O_RDONLY | O_CLOEXEC), to, err;

	if (from < 0)
		return from;
	to = sys_create(to_path, O_WRONLY | O_CLOEXEC, 0555);
	err = to < 0 ? to : programs_copy((int)from, (int)to);
	if (to >= 0)
		sys_close((int)to);
	sys_close((int)from);
	if (err == 0)
		sys_unlink(path);
	return err;
}

long program_keep(const char *path)
{
	char to[256];
	long err;

	for (unsigned i = 0; i < nprograms; i++)
		if (text_is_same(programs[i].path, path))
			return 0;
	if (nprograms == MOST)
		return -EMFILE;
	sys_mkdir(WHERE, 0700);
	err = sys_mount("programs", WHERE, "tmpfs", 0, "");
	if (err < 0)
		return err;
	text_append(text_append(text_append(to, WHERE), "/"), last_name(path));
	err = programs_move(path, to);
	if (err == 0)
		err = sys_mount("", WHERE, "", MS_REMOUNT | MS_RDONLY, "");
	if (err == 0)
		err = sys_open(WHERE, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (err >= 0) {
		programs[nprograms].path = path;
		programs[nprograms++].root = (int)err;
	}
	sys_umount2(WHERE, MNT_DETACH);
	sys_rmdir(WHERE);
	return err < 0 ? err : 0;
}

long program_execute(const char *path, char **argv, char **envp)
{
	long err = -ENOENT;

	for (unsigned i = 0; i < nprograms; i++)
		if (text_is_same(programs[i].path, path))
			err = sys_fchdir(programs[i].root);
	return err < 0 ? err : sys_execve(last_name(path), argv, envp);
}
