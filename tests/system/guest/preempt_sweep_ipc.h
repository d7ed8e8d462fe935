/* SPDX-License-Identifier: MIT */
/* A server for a sweep: a child that has the receive end of an endpoint. */
#pragma once

#include "lib/ipc.h"

extern int receive_end, send_end;
extern long server;

/* Waits until the process does. */
void wait_asleep(long pid);

/* Makes the server, which exits with what `serve` returns, and waits until it waits. */
void start_server(int (*serve)(void));

/* Closes the send end, and waits for the server's end: its status. */
int stop_server(void);
