/* SPDX-License-Identifier: MIT */
/* Servers of open files that process 1 starts, from the table /etc/servers. */
#ifndef USER_INIT_SERVICES_H
#define USER_INIT_SERVICES_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/poll.h"

#define SERVICES_MAX 16

/* Reads the table, and starts each server in it. A line that is wrong is named, and the others count. */
void services_start(void);

/*
 * A process has ended with that status. Returns true if it was one of these servers: it is started again, and its files stay
 * open. This is said in one line.
 */
bool service_reaped(long pid, int status);

/* As servers_retry(). */
uint64_t services_retry(void);

/* Sets up what is to be polled for each server. Returns how many. */
unsigned services_poll(struct abi_pollfd fds[SERVICES_MAX]);

/* After the poll: kills servers that do not answer, and starts those that are wanted. */
void services_polled(const struct abi_pollfd fds[SERVICES_MAX]);

#endif
