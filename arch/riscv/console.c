/* SPDX-License-Identifier: MIT */
/* The firmware's console. It turns \n into \r\n by itself. */
#include "arch/console.h"

#include "arch/riscv/image.h"
#include "arch/riscv/sbi.h"
#include "base/hart.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "sync/irq.h"

enum console_kind { CONSOLE_UNKNOWN, CONSOLE_LEGACY, CONSOLE_DBCN };

/* atomic: one word, and any hart may find that the firmware refuses DBCN */
static enum console_kind kind;

/* The firmware takes physical addresses only, so its output is copied here: each hart has one, private to it with interrupts off. */
static char bounces[HART_MAX][256];

static size_t dbcn_write(const char *s, size_t n)
{
	const struct hart *hart = hart_this(); /* NULL at the very beginning */
	unsigned long flags = irq_save();
	char *bounce = bounces[hart ? hart->index : 0];
	size_t len = MIN(n, sizeof(bounces[0]));
	struct sbi_result r;

	memcpy(bounce, s, len);
	r = sbi_call(SBI_EXT_DBCN, SBI_DBCN_WRITE, len, image_paddr(bounce), 0, 0);
	irq_restore(flags);
	return r.error ? 0 : (size_t)r.value;
}

static void find_kind(void)
{
	if (kind == CONSOLE_UNKNOWN)
		kind = sbi_has(SBI_EXT_DBCN) ? CONSOLE_DBCN : CONSOLE_LEGACY;
}

void arch_console_write(const char *s, size_t n)
{
	find_kind();
	while (n > 0) {
		size_t done = 1;

		if (kind == CONSOLE_DBCN)
			done = dbcn_write(s, n);
		else
			sbi_putchar(*s);
		if (done == 0) {
			kind = CONSOLE_LEGACY;
			continue;
		}
		s += done;
		n -= done;
	}
}

/* Only one thread reads at a time, so `bounce_in` is private to it. The log may be writing meanwhile, by its own memory. */
size_t arch_console_read(char *to, size_t n)
{
	static char bounce_in[16];
	size_t done = 0;
	int c = 0;

	find_kind();
	if (kind == CONSOLE_DBCN) {
		struct sbi_result r = sbi_call(SBI_EXT_DBCN, SBI_DBCN_READ,
					       MIN(n, sizeof(bounce_in)), image_paddr(bounce_in), 0,
					       0);

		done = r.error ? 0 : MIN((size_t)r.value, MIN(n, sizeof(bounce_in)));
		memcpy(to, bounce_in, done);
		return done;
	}
	while (done < n && (c = sbi_getchar()) >= 0)
		to[done++] = (char)c;
	return done;
}
