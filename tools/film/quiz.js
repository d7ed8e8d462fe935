// SPDX-License-Identifier: MIT
// Predict, then reveal: asks before a fault of which kind it will be, and who will have the frame.
import {make} from "./elements.js";
import {hasPage, numberOf} from "./entry.js";
import {sharersOf} from "./story.js";

const KINDS = ["zero_fill", "zero_page", "file_page", "file_copy", "cow", "cow_zero", "reuse", "remap", "shared_new", "swapped", "accessed",
               "spurious", "maperr", "accerr", "ended"];
const SHARERS = ["alone", "fork", "all", "cache", "none"];

export class Quiz {
    constructor(app, view) {
        this.app = app;
        this.view = view;
        this.right = this.asked = 0;
        this.ask();
    }

    /** Asks about the fault at hand. */
    ask() {
        const {view} = this, words = view.words;
        view.show(true);
        this.answers = {};
        this.result = make("p", {className: "result", role: "status"});
        this.buttons = make("p", {}, make("button", {className: "end", onclick: () => this.app.endQuiz()}, words.quiz.end));
        view.details.replaceChildren(make("h2", {}, words.predict), make("p", {className: "story"}, words.quiz.question),
            this.#choices("kind", KINDS, words.kinds), make("p", {className: "story"}, words.quiz.sharers),
            this.#choices("sharers", SHARERS, words.quiz), this.result, this.buttons,
            make("p", {className: "score"}, words.quiz.score(this.right, this.asked)));
        view.drawLinks();  // the frames may be elsewhere now
        view.say(words.quiz.question);
    }

    #choices(name, keys, texts) {
        const group = make("div", {className: `choices ${name}`, role: "group"});
        for (const key of keys)
            group.append(make("button", {"data-key": key, "aria-pressed": "false", onclick: () => this.#answer(name, key, group)}, texts[key]));
        return group;
    }

    #answer(name, key, group) {
        if (this.answers.done)
            return;
        this.answers[name] = key;
        for (const button of group.children)
            button.setAttribute("aria-pressed", String(button.dataset.key === key));
        if (this.answers.kind && this.answers.sharers)
            this.#reveal();
    }

    #reveal() {
        const {view} = this, words = view.words;
        this.answers.done = true;
        const kept = [...view.details.children];
        view.show();
        const revealed = [...view.details.children];
        const maps = hasPage(view.fault.after) ? view.film.machine.maps.get(numberOf(view.fault.after)) : 0;
        const sharers = sharersOf(view.fault, maps);
        const lines = [[this.answers.kind === view.label, words.kinds[view.label]], [this.answers.sharers === sharers, words.quiz[sharers]]];
        for (const [isRight, answer] of lines) {
            this.asked++;
            this.right += isRight;
            this.result.append(make("span", {className: isRight ? "right" : "wrong"}, isRight ? words.quiz.right : words.quiz.wrong(answer)), " ");
        }
        for (const group of view.details.querySelectorAll(".choices button"))
            group.disabled = true;
        const more = make("button", {className: "more", onclick: () => this.#next()}, words.quiz.more);
        this.buttons.prepend(more, " ");
        kept.at(-1).textContent = words.quiz.score(this.right, this.asked);
        view.details.replaceChildren(...kept, ...revealed);
        view.drawLinks();
        view.say(`${this.result.textContent} ${view.story}`);
        more.focus();
    }

    #next() {
        const {view} = this, index = view.otherKind(1);
        if (index === view.index || view.film.all_kinds[view.faults[index]] === view.film.all_kinds[view.number]) {
            const words = view.words;
            view.details.replaceChildren(make("h2", {}, words.predict), make("p", {className: "story"}, words.quiz.over(this.right, this.asked)),
                make("button", {className: "end", onclick: () => this.app.endQuiz()}, words.quiz.end));
            return;
        }
        view.index = index;
        this.app.moved();
        this.ask();
    }
}
