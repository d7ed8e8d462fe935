/* SPDX-License-Identifier: MIT */
/* An ordinary program of the C library: formatted output, malloc in all sizes, sorting, streams,
 * environment, time. */
#include "t.h"

#include <math.h>

static int by_value(const void *a, const void *b)
{
	return (*(const int *)a > *(const int *)b) - (*(const int *)a < *(const int *)b);
}

static void memory(void)
{
	static char *p[500];
	size_t bad = 0;

	for (int round = 0; round < 4; round++) {
		for (int i = 0; i < 500; i++) {
			size_t n = (size_t)((i * 7919 + round * 104729) % 3000 + 1) *
				   (i % 50 == 0 ? 100 : 1);

			if (p[i] && i % 3 == 0) {
				free(p[i]);
				p[i] = NULL;
			}
			p[i] = realloc(p[i], n);
			memset(p[i], i, n);
		}
		for (int i = 0; i < 500; i++)
			bad += p[i][0] != (char)i;
	}
	printf("malloc: %zu wrong\n", bad);
	for (int i = 0; i < 500; i++)
		free(p[i]);
}

static void streams(void)
{
	char line[100];
	FILE *f = fopen("libc_mix.tmp", "w+");
	int n = 0, i;
	double d, sum = 0;

	for (i = 0; i < 1000; i++)
		fprintf(f, "%d %.3f line\n", i, i / 7.0);
	rewind(f);
	while (fscanf(f, "%d %lf %99s", &i, &d, line) == 3) {
		n++;
		sum += d;
	}
	printf("%d lines back, sum %.6f, eof %d\n", n, sum, feof(f) != 0);
	fseek(f, -5, SEEK_END);
	printf("%s", fgets(line, sizeof(line), f));
	fclose(f);
	printf("again: %s\n", fopen("libc_mix.none", "r") ? "there" : strerror(errno));
	remove("libc_mix.tmp");
}

int main(int argc, char **argv)
{
	static int v[10000];
	unsigned long h = 5381;

	printf("%5d|%-6s|%08.3f|%e|%g|%x|%c|%%|%5.2s|\n", 42, "abc", 3.14159, 12345.678, 1e-10, 255,
	       'z', "xyz");
	printf("sqrt %.12f, sin %.12f, strtod %.17g\n", sqrt(2.0), sin(1.0), strtod("0.1", NULL));
	for (int i = 0; i < 10000; i++)
		v[i] = (int)((h = h * 33 + (unsigned)i) >> 8) % 1000003;
	qsort(v, 10000, sizeof(int), by_value);
	for (int i = 1; i < 10000; i++)
		h += v[i - 1] > v[i];
	printf("sorted: %d %d %d\n", v[0], v[5000], v[9999]);
	memory();
	streams();
	setenv("MIX", "yes", 1);
	printf("getenv %s, PATH %s, argc %d, %s\n", getenv("MIX"),
	       getenv("NOT_SET") ? "odd" : "unset", argc, argv[argc - 1]);
	fprintf(stderr, "a line on standard error\n");
	printf("no newline at the end");
	return 3;
}
