/* SPDX-License-Identifier: MIT */
/* A folder of the host's as the root of the program, by ./run.sh --root. */
#ifndef USER_INIT_ROOT_H
#define USER_INIT_ROOT_H

/*
 * Reads whether the runner asks for such a root. Returns 0, and *where_ret is where its files are to
 * be mounted, or NULL if it does not; or an error that it has explained.
 */
long root_wanted(const char **where_ret);

/*
 * The files are mounted: makes them the root of process 1, until root_leave(), and brings /dev,
 * /proc and /tmp there. Returns 0, or an error that it has explained.
 */
long root_enter(void);
long root_leave(void);

/*
 * In the process of the program: makes the files its root, and the working directory. *path_ret is
 * the program, and is changed if that is to be the image's prompt. Returns 0 or -ERRNO.
 */
long root_become(const char **path_ret);

#endif
