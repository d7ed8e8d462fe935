/* SPDX-License-Identifier: MIT */
/* The table of who uses what, for the log, when memory has run out. */
#include "proc/oom_report.h"

#include "arch/page.h"
#include "base/log.h"
#include "lib/string.h"
#include "mm/phys/page_census.h"
#include "proc/family.h"

#define KIB_PER_PAGE (PAGE_SIZE / 1024)

static size_t held(const struct oom_row *row)
{
	return row->resident + row->tables;
}

static struct oom_row row_of(const struct process *process)
{
	const struct space *space = &process->uspace->space;
	struct oom_row row = { .pid = process->pid,
			       .resident = atomic_load_relaxed(&space->resident),
			       .tables = atomic_load_relaxed(&space->tables) };

	memcpy(row.comm, process->comm, sizeof(row.comm));
	return row;
}

/* Keeps the rows in order; the least falls out. */
static void insert(struct oom_report *report, const struct oom_row *row)
{
	unsigned at = report->nrows;

	if (at == OOM_REPORT_ROWS) {
		if (held(row) <= held(&report->rows[at - 1]))
			return;
		at--;
	} else {
		report->nrows++;
	}
	for (; at > 0 && held(&report->rows[at - 1]) < held(row); at--)
		report->rows[at] = report->rows[at - 1];
	report->rows[at] = *row;
}

static void add_row(struct process *process, void *arg)
{
	struct oom_report *report = arg;
	struct oom_row row;

	if (process->state == PROCESS_ZOMBIE || !process->uspace)
		return;
	row = row_of(process);
	insert(report, &row);
	report->nprocesses++;
}

void oom_report_collect(struct oom_report *report)
{
	report->nrows = 0;
	report->nprocesses = 0;
	family_visit(add_row, report);
}

void oom_report_show(const struct oom_report *report)
{
	struct page_census census;

	page_census(&census);
	log_warn("mm", "  memory by process, the largest %u of %u:", report->nrows,
		 report->nprocesses);
	for (unsigned i = 0; i < report->nrows; i++) {
		const struct oom_row *row = &report->rows[i];

		log_warn("mm", "    %s[%d]: %zu KiB, page tables %zu KiB", row->comm, row->pid,
			 row->resident * KIB_PER_PAGE, row->tables * KIB_PER_PAGE);
	}
	log_warn("mm",
		 "  by kind: anonymous %zu KiB, files and shared %zu KiB, page tables %zu KiB, "
		 "kernel %zu KiB (objects %zu KiB), reserved %zu KiB, free %zu KiB",
		 census.kind[PAGE_ANON] * KIB_PER_PAGE, census.kind[PAGE_OBJECT] * KIB_PER_PAGE,
		 census.kind[PAGE_TABLE] * KIB_PER_PAGE, census.kind[PAGE_KERNEL] * KIB_PER_PAGE,
		 census.slabs * KIB_PER_PAGE, census.kind[PAGE_RESERVED] * KIB_PER_PAGE,
		 census.kind[PAGE_FREE] * KIB_PER_PAGE);
}
