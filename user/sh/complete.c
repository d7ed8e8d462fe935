/* SPDX-License-Identifier: MIT */
/* Completes the names of commands in a command's place and the names of files elsewhere. */
#define _GNU_SOURCE
#include "sh/complete.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sh/builtin.h"

#define SPECIAL	       " \t|<>&;'\"\\#"
#define SPECIAL_QUOTED "\"\\$`"

/* The word before the cursor, as parse() would read it. */
struct word {
	char text[LINE_MAX_BYTES + 1]; /* without its quotes */
	size_t n;
	char quote; /* the open quote; 0: none */
	bool is_command;
	bool in_comment;
};

/* ---- which word ---- */

struct scan {
	const char *at, *end;
	struct word *word;
	bool in_word;
	bool command;  /* the next word is a command's name */
	bool redirect; /* the next word is a file's name */
};

static void complete_keep(struct scan *scan, char byte)
{
	scan->word->text[scan->word->n++] = byte;
}

static void end_word(struct scan *scan)
{
	if (scan->in_word && !scan->redirect)
		scan->command = false;
	if (scan->in_word)
		scan->redirect = false;
	scan->in_word = false;
	scan->word->n = 0;
}

static void take_operator(struct scan *scan, char byte)
{
	bool number = byte == '>' && scan->word->n == 1 && scan->at[-2] == '2';

	if (number) /* the 2 of 2> is not a word */
		scan->in_word = false;
	end_word(scan);
	if (byte == '<' || byte == '>') {
		scan->redirect = true;
	} else {
		scan->command = true;
		scan->redirect = false;
	}
}

static void take_quoted(struct scan *scan, char byte)
{
	struct word *word = scan->word;

	if (byte == word->quote) {
		word->quote = 0;
		return;
	}
	if (word->quote == '"' && byte == '\\' && scan->at < scan->end &&
	    strchr(SPECIAL_QUOTED, *scan->at))
		byte = *scan->at++;
	complete_keep(scan, byte);
}

static void complete_take(struct scan *scan, char byte)
{
	struct word *word = scan->word;

	if (word->quote) {
		take_quoted(scan, byte);
	} else if (byte == ' ' || byte == '\t') {
		end_word(scan);
	} else if (strchr("|&;<>", byte)) {
		take_operator(scan, byte);
	} else if (byte == '#' && !scan->in_word && !scan->redirect) {
		word->in_comment = true;
	} else {
		scan->in_word = true;
		if (byte == '\'' || byte == '"')
			word->quote = byte;
		else if (byte != '\\')
			complete_keep(scan, byte);
		else if (scan->at < scan->end)
			complete_keep(scan, *scan->at++);
	}
}

static void find_word(const struct line *line, struct word *word)
{
	struct scan scan = {
		.at = line->bytes, .end = line->bytes + line->cursor, .word = word, .command = true
	};

	*word = (struct word){ 0 };
	while (scan.at < scan.end)
		complete_take(&scan, *scan.at++);
	word->text[word->n] = '\0';
	word->is_command = scan.command && !scan.redirect;
}

/* ---- which names ---- */

static bool has_control(const char *name)
{
	for (; *name; name++)
		if ((unsigned char)*name < ' ' || *name == 0x7f)
			return true;
	return false;
}

static void complete_add(struct completions *all, const char *name, bool folder)
{
	char **names;

	if (has_control(name))
		return;
	names = realloc(all->names, (all->count + 1) * sizeof(*names));
	if (!names)
		return;
	all->names = names;
	names[all->count] = malloc(strlen(name) + 2);
	if (!names[all->count])
		return;
	strcpy(names[all->count], name);
	if (folder)
		strcat(names[all->count], "/");
	all->count++;
}

static bool begins(const char *name, const char *start)
{
	return strncmp(name, start, strlen(start)) == 0;
}

/* Adds the names in a folder that begin with `start`. programs: only executable files */
static void add_files(struct completions *all, const char *path, const char *start, bool programs)
{
	DIR *folder = opendir(path);
	struct dirent *entry;
	struct stat is;

	if (!folder)
		return;
	while ((entry = readdir(folder))) {
		const char *name = entry->d_name;

		if (!begins(name, start) || (*name == '.' && *start != '.') ||
		    strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			continue;
		if (fstatat(dirfd(folder), name, &is, 0) != 0)
			is.st_mode = 0;
		if (!programs || (S_ISREG(is.st_mode) && (is.st_mode & 0111)))
			complete_add(all, name, S_ISDIR(is.st_mode));
	}
	closedir(folder);
}

static void add_commands(struct completions *all, const char *start)
{
	const char *at = getenv("PATH");
	const struct builtin *builtin;
	char path[4096];

	for (unsigned i = 0; (builtin = builtin_at(i)); i++)
		if (begins(builtin->name, start))
			complete_add(all, builtin->name, false);
	for (at = at ? at : "/bin"; *at; at += *at == ':') {
		size_t n = strcspn(at, ":");

		if (n < sizeof(path)) {
			memcpy(path, at, n);
			path[n] = '\0';
			add_files(all, n ? path : ".", start, true);
		}
		at += n;
	}
}

static int complete_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorts the names and removes duplicates. */
static void sort(struct completions *all)
{
	unsigned kept = 0;

	if (all->count == 0)
		return;
	qsort(all->names, all->count, sizeof(*all->names), complete_compare);
	for (unsigned i = 0; i < all->count; i++) {
		if (kept && strcmp(all->names[kept - 1], all->names[i]) == 0)
			free(all->names[i]);
		else
			all->names[kept++] = all->names[i];
	}
	all->count = kept;
}

/* Returns the length in bytes of the longest common prefix, in whole characters. */
static size_t common(const struct completions *all)
{
	const char *first = all->names[0];
	size_t n = strlen(first), same, whole = 0;
	unsigned columns;

	for (unsigned i = 1; i < all->count; i++) {
		for (same = 0; same < n && all->names[i][same] == first[same]; same++)
			;
		n = same;
	}
	while (whole < n) {
		size_t bytes = line_char(first + whole, strlen(first + whole), &columns);

		if (whole + bytes > n)
			break;
		whole += bytes;
	}
	return whole;
}

/* ---- into the line ---- */

static void insert_text(struct line *line, const char *text)
{
	while (*text)
		line_insert(line, *text++);
}

static void insert_byte(struct line *line, char byte, char quote)
{
	if (quote == '\'' && byte == '\'') {
		insert_text(line, "'\\''");
		return;
	}
	if (quote != '\'' && strchr(quote ? SPECIAL_QUOTED : SPECIAL, byte))
		line_insert(line, '\\');
	line_insert(line, byte);
}

/* Ends the word with its quote and a blank. For the only completion, unless it is a folder. */
static void close_word(struct line *line, char quote)
{
	const char byte[2] = { quote, '\0' };

	if (quote)
		insert_text(line, byte);
	if (line->bytes[line->cursor] == ' ')
		line_right(line);
	else
		line_insert(line, ' ');
}

bool complete(struct line *line, struct completions *ret)
{
	static struct word word;
	static char path[LINE_MAX_BYTES + 1];
	size_t before = line->length, cursor = line->cursor, n;
	const char *start;

	*ret = (struct completions){ 0 };
	find_word(line, &word);
	if (word.in_comment || (word.is_command && word.n == 0))
		return false;
	strcpy(path, word.text);
	start = strrchr(word.text, '/');
	start = start ? start + 1 : word.text;
	path[start - word.text] = '\0';
	if (word.is_command && !*path)
		add_commands(ret, start);
	else
		add_files(ret, *path ? path : ".", start, false);
	sort(ret);
	if (ret->count == 0)
		return false;
	n = common(ret);
	for (size_t i = strlen(start); i < n; i++)
		insert_byte(line, ret->names[0][i], word.quote);
	if (ret->count == 1 && ret->names[0][n - 1] != '/')
		close_word(line, word.quote);
	return line->length != before || line->cursor != cursor;
}

void completions_free(struct completions *completions)
{
	for (unsigned i = 0; i < completions->count; i++)
		free(completions->names[i]);
	free(completions->names);
	*completions = (struct completions){ 0 };
}
