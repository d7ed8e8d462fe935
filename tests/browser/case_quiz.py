# SPDX-License-Identifier: MIT
"""Predict, then reveal (R191): the film asks what will happen."""

from lib.tap import case, equal, has, lacks, long_case

import fixtures
import page
from case_showing import saved, svg_texts
from page import Keys
from shown import at, cell, frame_place, here, is_at, is_linked, made, number_of, paint, paint_of, said


def answer(kind, sharers):
    """Clicks on two answers."""
    page.click(f".choices.kind [data-key='{kind}']")
    page.click(f".choices.sharers [data-key='{sharers}']")


@case
def R191_a_right_answer_counts():
    at("cow")
    page.press("p")
    equal("Predict", page.text(".details h2"), "the heading")
    equal(15, len(page.texts(".choices.kind button")), "the kinds")
    equal(paint("cow"), paint_of("demo[3]", fixtures.DATA), "the page before it")
    equal([], page.texts(".facts"), "what is told before")
    equal(True, is_linked(frame_place(fixtures.private(0x80301))), "the line ends at the frame before it")
    has(said(), "What will the kernel do?", "what is said")
    page.click(".choices.kind [data-key='cow']")
    equal("true", page.attribute(".choices.kind [data-key='cow']", "aria-pressed"), "the answer")
    equal([], page.texts(".facts"), "what is told before the second answer")
    page.click(".choices.sharers [data-key='alone']")
    equal(["Right.", "Right."], page.texts(".result span"), "the result")
    equal("2 of 2", page.text(".score"), "the score")
    equal(paint("own"), paint_of("demo[3]", fixtures.DATA), "the page after it")
    has(page.texts(".story")[-1], "4096 bytes were copied into frame 0x80500", "the story")
    has(said(), "Right. Right.", "what is said")
    equal("Next question", page.js("return document.activeElement.textContent"), "where the keyboard is")
    page.press(Keys.ESCAPE)


@long_case
def a_wrong_answer_is_told_the_right_one():
    at("cow")
    page.click(".predict")
    answer("zero_fill", "fork")
    equal(["No: Copy on write.", "No: only this page."], page.texts(".result span"), "the result")
    equal("0 of 2", page.text(".score"), "the score")
    page.press(Keys.ENTER)
    is_at("accerr", "the next question")
    equal("0 of 2", page.text(".score"), "the score is kept")
    answer("accerr", "cache")
    equal(["Right.", "No: there will be no frame."], page.texts(".result span"), "the result")
    equal("1 of 4", page.text(".score"), "the score")
    page.click(".end")
    equal("Not allowed", page.text(".details h2"), "the end")
    equal([], page.texts(".choices"), "questions")


@long_case
def questions_come_to_an_end():
    page.load(made("questions", fixtures.no_cow()), "#fault=3")
    page.press("p")
    answer("zero_fill", "alone")
    page.click(".more")
    has(page.text(".details .story"), "2 of 2 answers were right", "the end")
    page.click(".end")
    equal("Zero fill", page.text(".details h2"), "after it")


@long_case
def each_kind_can_be_answered():
    for name, kind, sharers in (("zero_page", "zero_page", "all"), ("file_page", "file_page", "cache"), ("shared_new", "shared_new", "cache"),
                                ("swapped", "swapped", "alone"), ("cow_zero", "cow_zero", "alone"), ("reuse", "reuse", "alone"), ("remap", "remap", "cache"),
                                ("maperr", "maperr", "none"), ("file_copy", "file_copy", "alone")):
        at(name)
        page.press("p")
        answer(kind, sharers)
        equal(["Right.", "Right."], page.texts(".result span"), f"the result of {name}")
        page.press(Keys.ESCAPE)


@long_case
def a_question_does_not_give_its_answer_away():
    at("cow")
    page.press("p")
    page.press("s")
    found = " ".join(svg_texts(saved(f"fault-{number_of('cow')}.svg")))
    lacks(found, "4096 bytes were copied", "the picture's texts")
    page.press(Keys.ESCAPE)


@long_case
def escape_and_a_step_end_the_questions():
    at("cow")
    page.press("p", Keys.ESCAPE)
    equal("Copy on write", page.text(".details h2"), "after Escape")
    page.press("p", Keys.ARROW_RIGHT)
    is_at("cow_parent", "a step")
    equal([], page.texts(".choices"), "questions")
    equal(True, here() > 0 and cell("demo[2]", fixtures.HEAP) is not None, "the map")
