/* SPDX-License-Identifier: MIT */
/* Stop 7: programs that handle their own faults: with SIGSEGV and mprotect(), and with userfaultfd. */
#include <stdio.h>

#include "faults/faults.h"
#include "tour.h"

static const struct {
	void (*run)(struct faults_result *ret);
	enum text format;
} programs[] = {
	{ collector_run, T_FAULTS_COLLECTOR }, { checkpoint_run, T_FAULTS_CHECKPOINT },
	{ computed_run, T_FAULTS_COMPUTED },   { segment_run, T_FAULTS_SEGMENT },
	{ restore_run, T_FAULTS_RESTORE },
};

void stop_faults(void)
{
	title(7, text(T_FAULTS), "SIGSEGV, userfaultfd()");
	draw_say(T_FAULTS_WHY);
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		struct faults_result result = { 0 };

		if (programs[i].run == restore_run && !faults_userfault_offers(0))
			continue; /* a Linux without it, or one that forbids it */
		programs[i].run(&result);
		printf("   ");
		printf(text(programs[i].format), result.faults, result.figures[0],
		       result.figures[1]);
		if (!result.right)
			paint(RED, "%s", text(T_FAULTS_WRONG));
		printf("\n");
	}
}
