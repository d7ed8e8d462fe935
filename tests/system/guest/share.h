/* SPDX-License-Identifier: MIT */
/* What the programs that look at shared folders have in common. */
#pragma once

#include "expect.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096ul

static inline long got(long result)
{
	return result == -1 ? -errno : result;
}

static inline int open_or_die(const char *path)
{
	int fd = open(path, O_RDONLY);

	if (fd < 0) {
		printf("%s: %s\n", path, strerror(errno));
		exit(1);
	}
	return fd;
}

static inline volatile const uint8_t *map_or_die(const char *path, size_t size)
{
	int fd = open_or_die(path);
	void *at = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);

	close(fd);
	if (at == MAP_FAILED) {
		printf("mmap of %s: %s\n", path, strerror(errno));
		exit(1);
	}
	return at;
}

static sigjmp_buf bus;

/* The handler of SIGBUS, which the program sets. */
static inline void on_bus(int sig)
{
	siglongjmp(bus, sig);
}

/* Returns a byte, or -SIGBUS. */
static inline int touch(volatile const uint8_t *at)
{
	if (sigsetjmp(bus, 1))
		return -SIGBUS;
	return *at;
}

/* Returns a byte of a file that is opened for this, or a negative errno. */
static inline int byte_at(const char *path, off_t offset)
{
	int fd = open(path, O_RDONLY), err;
	uint8_t byte = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = pread(fd, &byte, 1, offset);
	err = errno;
	close(fd);
	return n < 0 ? -err : n == 0 ? -ENODATA : byte;
}

static inline void put_text(const char *path, int flags, const char *text)
{
	int fd = open(path, O_WRONLY | flags, 0640);

	expect("open", 1, fd >= 0);
	expect("write", (long)strlen(text), got(write(fd, text, strlen(text))));
	expect("close", 0, got(close(fd)));
}

/* A file of n bytes, made if it is not there, that can be stored to. */
static inline uint8_t *map_to_store(const char *path, size_t n)
{
	int fd = open(path, O_CREAT | O_RDWR, 0644);
	uint8_t *mem;

	expect("ftruncate", 0, got(ftruncate(fd, (off_t)n)));
	mem = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	expect("mmap", 1, mem != MAP_FAILED);
	close(fd);
	return mem;
}

/* Tells the test on the host that it may do the next step, and waits until that is done. */
static inline void next(const char *step)
{
	char c;

	printf("%s\n", step);
	fflush(stdout);
	if (read(0, &c, 1) != 1)
		exit(1);
}
