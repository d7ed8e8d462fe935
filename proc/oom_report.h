/* SPDX-License-Identifier: MIT */
/* Who uses what when memory has run out: what the log says beside the victim's name. */
#pragma once

#include "lib/types.h"
#include "proc/process.h"

#define OOM_REPORT_ROWS 5

struct oom_row {
	char comm[COMM_LEN];
	int pid;
	size_t resident, tables; /* frames */
};

/* The processes that hold most, largest first. */
struct oom_report {
	struct oom_row rows[OOM_REPORT_ROWS];
	unsigned nrows;
	unsigned nprocesses; /* that have memory of their own, those in the rows too */
};

/* => family lock held */
void oom_report_collect(struct oom_report *report);

/* Logs the rows and the frames by kind. => no spinning lock held; may pause */
void oom_report_show(const struct oom_report *report);
