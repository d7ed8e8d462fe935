/* SPDX-License-Identifier: MIT */
/* What the parts of ipcbench share. */
#pragma once

#include <stdint.h>

#define PAGE 4096ul

/* Returns how many instructions the hart has executed. */
static inline uint64_t instructions(void)
{
	uint64_t n;

	__asm__ volatile("rdinstret %0" : "=r"(n)::"memory");
	return n;
}

/* ---- ipcbench_files.c: pages of a mounted file whose server has the bytes ready ---- */

#define SERVED_RUN  32u	 /* pages of a sample of the rows in order */
#define SERVED_RUNS 200u /* their samples */

/*
 * A sample each, the i-th; return whether the bytes are right. The first starts the server and mounts
 * its files, and ends the program if that fails. served_end() is the other way round.
 */
int served_fault(uint64_t i, uint64_t *cost); /* a page whose neighbours are not in memory */
int served_run(uint64_t i, uint64_t *cost);   /* the next SERVED_RUN pages of a mapping */
int served_read(uint64_t i, uint64_t *cost);  /* the next SERVED_RUN pages by one read(2) */
void served_end(void);

/* ---- ipcbench_pager.c: a page of an object, by the process that supplies it ---- */

int object_fault(uint64_t i, uint64_t *cost);
void object_end(void);

/* ---- ipcbench_sockets.c: stream sockets of a pair; samples as above ---- */

int stream_round_trip(uint64_t i, uint64_t *cost); /* a byte to another process and back */
int stream_64k(uint64_t i, uint64_t *cost);	   /* 64 KiB written and read */
int socketpair_and_close(uint64_t i, uint64_t *cost);
int connect_and_accept(
	uint64_t i,
	uint64_t *cost); /* a socket, which is connected and accepted, and both closed */
int datagram(uint64_t i, uint64_t *cost); /* sent and received */
void sockets_end(void);
