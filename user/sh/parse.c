/* SPDX-License-Identifier: MIT */
/* From a line to a pipeline: quotes, redirections, pipes, &. */
#include "sh/parse.h"

#include <fcntl.h>
#include <string.h>

struct parser {
	const char *at;
	struct pipeline *pipeline;
	struct command *command;
	const char *wrong;
};

static void keep(struct parser *parser, char byte)
{
	parser->pipeline->bytes[parser->pipeline->used++] = byte;
}

static void take_single(struct parser *parser)
{
	while (*parser->at && *parser->at != '\'')
		keep(parser, *parser->at++);
	if (!*parser->at)
		parser->wrong = "a ' has no end";
	else
		parser->at++;
}

static void take_double(struct parser *parser)
{
	while (*parser->at && *parser->at != '"') {
		if (parser->at[0] == '\\' && parser->at[1] && strchr("\"\\$`", parser->at[1]))
			parser->at++;
		keep(parser, *parser->at++);
	}
	if (!*parser->at)
		parser->wrong = "a \" has no end";
	else
		parser->at++;
}

/* A word up to a blank or an operator. */
static char *take_word(struct parser *parser)
{
	char *word = parser->pipeline->bytes + parser->pipeline->used;

	while (*parser->at && !strchr(" \t|<>&;", *parser->at) && !parser->wrong) {
		char byte = *parser->at++;

		if (byte == '\'')
			take_single(parser);
		else if (byte == '"')
			take_double(parser);
		else if (byte == '\\' && *parser->at)
			keep(parser, *parser->at++);
		else
			keep(parser, byte);
	}
	keep(parser, '\0');
	return word;
}

static void skip_blanks(struct parser *parser)
{
	while (*parser->at == ' ' || *parser->at == '\t')
		parser->at++;
}

/* => at < or >, or at 2> */
static void take_redirect(struct parser *parser)
{
	struct command *command = parser->command;
	struct redirect redirect = { .fd = 1, .flags = O_WRONLY | O_CREAT | O_TRUNC };

	if (*parser->at == '2') {
		redirect.fd = 2;
		parser->at++;
	}
	if (*parser->at++ == '<')
		redirect = (struct redirect){ .fd = 0, .flags = O_RDONLY };
	else if (*parser->at == '>') {
		redirect.flags = O_WRONLY | O_CREAT | O_APPEND;
		parser->at++;
	}
	skip_blanks(parser);
	if (!*parser->at || strchr("|<>&;", *parser->at)) {
		parser->wrong = "a file's name is missing behind < or >";
		return;
	}
	if (command->nredirects == REDIRECTS_MAX) {
		parser->wrong = "too many redirections";
		return;
	}
	redirect.path = take_word(parser);
	command->redirects[command->nredirects++] = redirect;
}

static void begin_command(struct parser *parser)
{
	struct pipeline *pipeline = parser->pipeline;

	if (pipeline->ncommands == COMMANDS_MAX) {
		parser->wrong = "too many programs in one line";
		return;
	}
	parser->command = &pipeline->commands[pipeline->ncommands++];
	parser->command->nwords = parser->command->nredirects = 0;
}

static void skip_to_part(struct parser *parser)
{
	skip_blanks(parser);
	if (*parser->at == '#')
		parser->at += strlen(parser->at);
}

/* => at an & */
static void take_background(struct parser *parser)
{
	if (parser->command->nwords == 0) {
		parser->wrong = "a program is missing before &";
		return;
	}
	parser->at++;
	skip_to_part(parser);
	parser->pipeline->background = true;
	if (*parser->at)
		parser->wrong = "nothing may follow &: one pipeline a line";
}

static void take_part(struct parser *parser)
{
	struct command *command = parser->command;

	if (*parser->at == ';') {
		parser->wrong = "; is not known here: one pipeline a line";
	} else if (*parser->at == '&') {
		take_background(parser);
	} else if (*parser->at == '|') {
		parser->at++;
		if (command->nwords == 0)
			parser->wrong = "a program is missing before |";
		else
			begin_command(parser);
	} else if (*parser->at == '<' || *parser->at == '>' ||
		   (parser->at[0] == '2' && parser->at[1] == '>')) {
		take_redirect(parser);
	} else if (command->nwords == WORDS_MAX) {
		parser->wrong = "too many words";
	} else {
		command->words[command->nwords++] = take_word(parser);
	}
}

const char *parse(const char *text, struct pipeline *pipeline)
{
	struct parser parser = { .at = text, .pipeline = pipeline };

	pipeline->ncommands = 0;
	pipeline->background = false;
	pipeline->used = 0;
	pipeline->extent = 0;
	begin_command(&parser);
	for (skip_to_part(&parser); *parser.at && !parser.wrong; skip_to_part(&parser)) {
		take_part(&parser);
		if (!pipeline->background)
			pipeline->extent = (size_t)(parser.at - text);
	}
	if (parser.wrong)
		return parser.wrong;
	for (unsigned i = 0; i < pipeline->ncommands; i++)
		pipeline->commands[i].words[pipeline->commands[i].nwords] = NULL;
	if (parser.command->nwords == 0 && pipeline->ncommands == 1 && !parser.command->nredirects)
		pipeline->ncommands = 0;
	else if (parser.command->nwords == 0)
		return pipeline->ncommands > 1 ? "a program is missing behind |"
					       : "a program is missing";
	return NULL;
}
