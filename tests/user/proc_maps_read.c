/* SPDX-License-Identifier: MIT */
/* R150. One read of /proc/self/maps shows one moment, while another thread changes the memory. */
/*
 * Two mappings go through three permissions in turn, the lower one always first. So the upper one is never ahead.
 */
#include "thread.h"

#define STEPS 20000
#define PAGES 5 /* a guard, the lower one, a guard, the upper one, a guard */
#define KINDS 3
#define NONE  (-1)

static const int prots[KINDS] = { PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_EXEC };
static const char *const names[KINDS] = { "r--p", "rw-p", "r-xp" };
static char *area;
static int done, moments; /* that the reader has told apart */

static void *change(void *arg)
{
	for (int i = 1; i <= STEPS || flag_now(&moments) < 3; i++) {
		MUST(mprotect(area + PAGE, PAGE, prots[i % KINDS]));
		MUST(mprotect(area + 3 * PAGE, PAGE, prots[i % KINDS]));
	}
	__atomic_store_n(&done, 1, __ATOMIC_SEQ_CST);
	return arg;
}

/* Which of the three permissions the text gives the page; NONE: it has no line of its own. */
static int kind_in(const char *text, const char *page)
{
	char line[80];
	const char *at;

	snprintf(line, sizeof(line), "%lx-%lx ", (unsigned long)page, (unsigned long)page + PAGE);
	at = strstr(text, line);
	for (int i = 0; at && i < KINDS; i++)
		if (strncmp(at + strlen(line), names[i], 4) == 0)
			return i;
	return NONE;
}

static int is_one_moment(const char *text)
{
	int lower = kind_in(text, area + PAGE), upper = kind_in(text, area + 3 * PAGE);

	return lower != NONE && upper != NONE && (lower == upper || lower == (upper + 1) % KINDS);
}

int main(void)
{
	static char text[PAGE + 1];
	pthread_t changer;
	int mixed = 0, last = NONE;

	area = mmap(NULL, PAGES * PAGE, PROT_NONE, ANON, -1, 0);
	MUST(mprotect(area + PAGE, PAGE, prots[0]));
	MUST(mprotect(area + 3 * PAGE, PAGE, prots[0]));
	changer = start(change, NULL);
	while (!__atomic_load_n(&done, __ATOMIC_SEQ_CST)) {
		int fd = open("/proc/self/maps", O_RDONLY);
		ssize_t n = read(fd, text, PAGE);

		close(fd);
		text[n > 0 ? n : 0] = '\0';
		mixed += !is_one_moment(text);
		if (kind_in(text, area + PAGE) != last)
			raise_flag(&moments);
		last = kind_in(text, area + PAGE);
	}
	join(changer);
	say("mixed: %d\n", mixed);
	return 0;
}
