/* SPDX-License-Identifier: MIT */
/* ls, rm and mkdir: commands on the file tree. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "sh/builtin.h"
#include "sh/options.h"

#define MISUSE 2

static int files_refused(const char *command, const char *name)
{
	dprintf(STDERR_FILENO, "sh: %s: %s: %s\n", command, name, strerror(errno));
	return 1;
}

/* ---- ls ---- */

enum { LS_LONG, LS_ALL };

static char type_letter(mode_t mode)
{
	return S_ISDIR(mode)	? 'd'
	       : S_ISLNK(mode)	? 'l'
	       : S_ISCHR(mode)	? 'c'
	       : S_ISBLK(mode)	? 'b'
	       : S_ISFIFO(mode) ? 'p'
				: '-';
}

static unsigned days_of(unsigned month, unsigned year)
{
	static const unsigned char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return days[month] + (month == 1 && leap);
}

/* Prints the time in UTC. localtime() would link the C library's time zone code. */
static void show_time(time_t time)
{
	unsigned long days = time > 0 ? (unsigned long)time / 86400 : 0;
	unsigned minute = time > 0 ? (unsigned)(time % 86400 / 60) : 0;
	unsigned year = 1970, month = 0;

	while (days >= days_of(month, year)) {
		days -= days_of(month, year);
		month = (month + 1) % 12;
		year += month == 0;
	}
	printf("%u-%02u-%02lu %02u:%02u ", year, month + 1, days + 1, minute / 60, minute % 60);
}

static void show_details(const struct stat *is)
{
	static const char prot[] = "rwxrwxrwx";
	putchar(type_letter(is->st_mode));
	for (int i = 0; i < 9; i++)
		putchar(is->st_mode & (0400u >> i) ? prot[i] : '-');
	printf(" %3lu %10lld ", (unsigned long)is->st_nlink, (long long)is->st_size);
	show_time(is->st_mtime);
}

/* folder: descriptor of the folder that contains the name */
static int show_name(int folder, const char *name, const bool *options)
{
	char target[PATH_MAX];
	struct stat is;
	ssize_t n = 0;

	if (fstatat(folder, name, &is, AT_SYMLINK_NOFOLLOW) != 0)
		return files_refused("ls", name);
	if (options[LS_LONG])
		show_details(&is);
	if (options[LS_LONG] && S_ISLNK(is.st_mode))
		n = readlinkat(folder, name, target, sizeof(target));
	printf("%s%s", name, S_ISDIR(is.st_mode) ? "/" : "");
	if (n > 0)
		printf(" -> %.*s", (int)n, target);
	putchar('\n');
	return 0;
}

static int list_folder(const char *path, const bool *options)
{
	DIR *folder = opendir(path);
	struct dirent *entry;
	int status = 0;

	if (!folder)
		return files_refused("ls", path);
	while ((entry = readdir(folder)))
		if (options[LS_ALL] || entry->d_name[0] != '.')
			status |= show_name(dirfd(folder), entry->d_name, options);
	closedir(folder);
	return status;
}

static int files_list(const char *path, const bool *options)
{
	struct stat is;

	if (stat(path, &is) == 0 && S_ISDIR(is.st_mode))
		return list_folder(path, options);
	return show_name(AT_FDCWD, path, options);
}

int files_ls(int argc, char **argv)
{
	bool options[2] = { false };
	int first = options_take(argv, "la", options, "ls [-la] [NAME...]"), status = 0;

	if (first < 0)
		return MISUSE;
	if (first == argc)
		return files_list(".", options);
	for (int i = first; i < argc; i++) {
		if (argc - first > 1)
			printf("%s%s:\n", i > first ? "\n" : "", argv[i]);
		status |= files_list(argv[i], options);
	}
	return status;
}

/* ---- rm ---- */

enum { RM_FOLDERS, RM_FORCE };

static int remove_name(int folder, const char *name, const bool *options);

static int remove_folder(int parent, const char *name, const bool *options)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int status = 0;

	if (!folder) {
		status = files_refused("rm", name);
		if (fd >= 0)
			close(fd);
		return status;
	}
	while ((entry = readdir(folder)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			status |= remove_name(dirfd(folder), entry->d_name, options);
	closedir(folder);
	if (status == 0 && unlinkat(parent, name, AT_REMOVEDIR) != 0)
		status = files_refused("rm", name);
	return status;
}

static int remove_name(int folder, const char *name, const bool *options)
{
	struct stat is;

	if (options[RM_FOLDERS] && fstatat(folder, name, &is, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISDIR(is.st_mode))
		return remove_folder(folder, name, options);
	if (unlinkat(folder, name, 0) == 0 || (options[RM_FORCE] && errno == ENOENT))
		return 0;
	return files_refused("rm", name);
}

int files_rm(int argc, char **argv)
{
	static const char usage[] = "rm [-rf] NAME...";
	bool options[2] = { false };
	int first = options_take(argv, "rf", options, usage), status = 0;

	if (first == argc)
		dprintf(STDERR_FILENO, "usage: %s\n", usage);
	if (first < 0 || first == argc)
		return MISUSE;
	for (int i = first; i < argc; i++)
		status |= remove_name(AT_FDCWD, argv[i], options);
	return status;
}

/* ---- mkdir ---- */

/* Makes a folder and the missing folders above it. */
static int make_all(char *path)
{
	for (char *at = path + 1; *path && *at; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		if (mkdir(path, 0777) != 0 && errno != EEXIST)
			return files_refused("mkdir", path);
		*at = '/';
	}
	if (mkdir(path, 0777) != 0 && errno != EEXIST)
		return files_refused("mkdir", path);
	return 0;
}

int files_mkdir(int argc, char **argv)
{
	static const char usage[] = "mkdir [-p] NAME...";
	bool parents = false;
	int first = options_take(argv, "p", &parents, usage), status = 0;

	if (first == argc)
		dprintf(STDERR_FILENO, "usage: %s\n", usage);
	if (first < 0 || first == argc)
		return MISUSE;
	for (int i = first; i < argc; i++) {
		if (parents)
			status |= make_all(argv[i]);
		else if (mkdir(argv[i], 0777) != 0)
			status = files_refused("mkdir", argv[i]);
	}
	return status;
}
