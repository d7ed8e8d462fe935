/* SPDX-License-Identifier: MIT */
/* The servers' programs, where no other program can change or replace them. */
#ifndef USER_INIT_PROGRAMS_H
#define USER_INIT_PROGRAMS_H

/* Takes the program at that path out of the tree of names, if that was not done before. Returns 0 or -ERRNO. */
long program_keep(const char *path);

/* Executes the program that was at that path. Returns -ERRNO. Changes the working directory. */
long program_execute(const char *path, char **argv, char **envp);

#endif
