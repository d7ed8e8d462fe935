/* SPDX-License-Identifier: MIT */
/* The user of the program, by ./run.sh --user: process 1 and the servers stay root's. */
#ifndef USER_INIT_USER_H
#define USER_INIT_USER_H

/* Reads what the runner wants. Returns 0, or an error that it has explained. */
long user_read(void);

/*
 * Appends the options of a mount of a folder of the host's: who runs QEMU there is the program's user here. Returns
 * the end of the text.
 */
char *user_options(char *to);

/* Gives the program's user the terminal, its streams and its folders. Returns 0, or an error that it has explained. */
long user_own(void);

/* In the process of the program: it acts by the user's ids from now on. Returns 0 or -ERRNO. */
long user_become(void);

#endif
