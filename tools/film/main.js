// SPDX-License-Identifier: MIT
// The page: one film, or two that step together, and what moves them.
import {unpack} from "./decode.js";
import {make} from "./elements.js";
import {CELLS} from "./entry.js";
import {Film} from "./film.js";
import {Quiz} from "./quiz.js";
import {processName} from "./story.js";
import {FilmView} from "./view.js";
import {LANGUAGES} from "./words.js";

const SPEEDS = [1, 2, 5, 20, 100, 1000];
const FRAME_MS = 1000 / 30;
const STORED = "faultline-film-language";

function storedLanguage() {
    try {
        return localStorage.getItem(STORED);
    } catch {
        return null;  // a browser that lets files store nothing
    }
}

class App {
    constructor(films) {
        const language = storedLanguage() ?? (navigator.language.startsWith("zh") ? "zh" : "en");
        this.language = language in LANGUAGES ? language : "en";
        this.speed = 2;  // an index of SPEEDS
        this.playing = null;
        this.quiz = null;
        this.live = make("p", {className: "live", "aria-live": "polite"});
        this.views = films.map(film => new FilmView(film, this, this.words));
        if (this.views.length > 1)
            for (const view of this.views)
                view.index = 0;
        this.root = document.getElementById("app");
        this.#build();
        this.#follow();
        addEventListener("hashchange", () => this.#follow());
        addEventListener("keydown", event => this.#key(event));
        addEventListener("resize", () => this.show());
        addEventListener("scroll", () => this.views.forEach(view => view.drawLinks()));
        matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.show());
    }

    get words() {
        return LANGUAGES[this.language];
    }

    /** Makes the page's parts in the language that is chosen. */
    #build() {
        const words = this.words;
        document.documentElement.lang = this.language === "zh" ? "zh-CN" : "en";
        const button = (name, text, run, title = text) => make("button", {className: name, title, "aria-label": title, onclick: run}, text);
        this.search = make("input", {type: "search", placeholder: words.search, "aria-label": words.search, className: "search",
            onkeydown: event => this.#searchKey(event)});
        const header = make("header", {}, make("h1", {}, "Faultline"), this.search,
            ...(this.views.length === 1 ? [button("predict", words.predict, () => this.startQuiz())] : []),
            button("picture", words.picture, () => this.savePicture()),
            button("language", words.other, () => this.setLanguage(this.language === "en" ? "zh" : "en")),
            button("help", "?", () => this.showHelp(), words.help));
        this.playButton = button("play", "▶", () => this.toggle(), words.play);
        this.speedBox = make("select", {className: "speed", title: words.speed, "aria-label": words.speed,
            onchange: () => { this.speed = this.speedBox.selectedIndex; }});
        SPEEDS.forEach((speed, number) => this.speedBox.append(make("option", {value: speed, selected: number === this.speed}, words.perSecond(speed))));
        this.position = make("span", {className: "position"});
        this.axis = button("axis", "", () => this.toggleAxis(), "");
        const transport = make("div", {className: "transport"},
            button("first", "|◀", () => this.go(0), words.first), button("previous", "◀", () => this.move(-1), words.previous),
            this.playButton, button("next", "▶|", () => this.move(1), words.next),
            button("last", "▶▶|", () => this.go(Infinity), words.last), this.speedBox, this.position, this.axis,
            ...this.views.map(view => this.#processBox(view)), ...this.views.filter(view => view.film.parts.length).map(view => this.#partBox(view)));
        const legend = make("ul", {className: "legend"});
        for (const cell of CELLS)
            legend.append(make("li", {}, make("span", {className: `swatch ${cell}`}), words.cells[cell]));
        const films = make("main", {className: this.views.length > 1 ? "films two" : "films"}, ...this.views.map(view => view.element));
        this.root.replaceChildren(header, films, legend,
            make("footer", {}, transport, ...this.views.map(view => view.timeline.element)), this.live);
        for (const view of this.views)
            view.words = words;
        this.#nameAxis();
    }

    #processBox(view) {
        const box = make("details", {className: "processes"}, make("summary", {}, this.words.processes));
        for (const pid of [...new Set(view.film.pids)].sort((one, other) => one - other)) {
            const check = make("input", {type: "checkbox", checked: view.pids.has(pid), value: pid});
            check.addEventListener("change", () => {
                if (check.checked)
                    view.pids.add(pid);
                else if (view.pids.size > 1)
                    view.pids.delete(pid);
                else
                    check.checked = true;
                view.filter();
                this.show();
            });
            box.append(make("label", {}, check, ` ${processName(view.film, view.film.machine, pid, this.words)}`));
        }
        return box;
    }

    #partBox(view) {
        const box = make("select", {className: "parts", "aria-label": this.words.parts, title: this.words.parts,
            onchange: () => box.value === "" ? this.#showAll(view) : view.goToPart(view.film.parts[box.value])});
        box.append(make("option", {value: ""}, this.words.parts));
        view.film.parts.forEach((part, number) => box.append(make("option", {value: number}, part.name || this.words.part(number + 1))));
        return box;
    }

    #showAll(view) {
        view.timeline.reset();
        view.timeline.show();
    }

    #nameAxis() {
        const text = this.views[0].timeline.byTime ? this.words.byTime : this.words.byFault;
        this.axis.textContent = text;
        this.axis.setAttribute("aria-label", text);
        this.axis.title = text;
    }

    show() {
        if (this.quiz)
            this.quiz.ask();
        else
            for (const view of this.views)
                view.show();
        this.moved();
    }

    /** The position is another one. */
    moved() {
        const [view] = this.views;
        this.position.textContent = this.views.length > 1 ? this.words.step(this.#now() + 1, this.#steps()) : view.positionText();
        if (!this.playing && !this.repeats) {
            const hash = this.views.length > 1 ? `#step=${this.#now() + 1}` : `#fault=${view.number + 1}`;
            if (location.hash !== hash)
                history.replaceState(null, "", hash);
        }
    }

    #steps() {
        return Math.max(...this.views.map(view => view.faults.length));
    }

    /**
     * Goes where the address of the page says: #fault=N, #record=N, #part=N or #step=N. With &play it plays from there, again
     * and again, and has less beside it: so a page can show a film in a frame.
     */
    #follow() {
        const hash = new URLSearchParams(location.hash.slice(1)), [view] = this.views;
        if (this.views.length > 1)
            this.#setStep((Number(hash.get("step")) || 1) - 1);
        else if (hash.has("fault"))
            this.#goToFault(Number(hash.get("fault")) - 1);
        else if (hash.has("record"))
            this.#goToFault(view.film.firstFaultFrom(Number(hash.get("record"))));
        else if (hash.has("part"))
            view.setPart(view.film.parts[Number(hash.get("part")) - 1]);
        document.body.classList.toggle("embedded", hash.has("play"));
        this.repeats = hash.has("play");
        if (this.repeats)
            this.#changeSpeed(-SPEEDS.length);
        this.show();
        this.#tell();
        if (this.repeats)
            this.play();
    }

    #goToFault(number) {
        const [view] = this.views, fault = Math.min(Math.max(number || 0, 0), view.film.nfaults - 1);
        if (!view.pids.has(view.film.pids[fault])) {
            view.pids.add(view.film.pids[fault]);
            view.filter();
            this.#build();
        }
        view.index = view.indexOf(fault);
    }

    #setStep(step) {
        for (const view of this.views)
            view.index = Math.min(Math.max(step, 0), view.faults.length - 1);
        this.step = Math.min(Math.max(step, 0), this.#steps() - 1);
    }

    /** Goes to a step. */
    go(step) {
        this.#leaveQuiz();
        this.#setStep(step);
        this.show();
        if (!this.playing)
            this.#tell();
    }

    move(by) {
        this.pause();
        this.go((this.views.length > 1 ? this.step ?? 0 : this.views[0].index) + by);
    }

    /** A part of a view has been clicked. */
    choose(view, index) {
        this.pause();
        this.#leaveQuiz();
        if (this.views.length > 1)
            this.#setStep(index);
        else
            view.index = index;
        this.show();
        this.#tell();
    }

    #tell() {
        this.say(this.views.map(view => `${view.positionText()}. ${view.words.kinds[view.label]}. ${view.story}`).join(" | "));
    }

    say(text) {
        this.live.textContent = text;
    }

    toggle() {
        if (this.playing)
            this.pause();
        else
            this.play();
    }

    play() {
        this.#leaveQuiz();
        if (this.#now() >= this.#played()[1]) {
            this.#setStep(this.#played()[0]);
            this.show();
        }
        this.playButton.textContent = "❚❚";
        this.playButton.setAttribute("aria-label", this.words.pause);
        let before = performance.now(), owed = 0;
        this.playing = setInterval(() => {
            const now = performance.now();
            owed += (now - before) / 1000 * SPEEDS[this.speed];
            before = now;
            if (owed < 1)
                return;
            const by = Math.floor(owed);
            owed -= by;
            const [first, last] = this.#played();
            if (this.repeats && this.#now() + by > last)
                this.go(first);
            else
                this.go(Math.min(this.#now() + by, last));
            if (!this.repeats && this.#now() >= last)
                this.pause();
        }, FRAME_MS);
    }

    /** The first and the last step of what is played: all, or what the time line shows. */
    #played() {
        return this.views.length > 1 ? [0, this.#steps() - 1] : this.views[0].timeline.shown();
    }

    #now() {
        return this.views.length > 1 ? this.step ?? 0 : this.views[0].index;
    }

    pause() {
        if (!this.playing)
            return;
        this.repeats = false;
        clearInterval(this.playing);
        this.playing = null;
        this.playButton.textContent = "▶";
        this.playButton.setAttribute("aria-label", this.words.play);
        this.moved();
        this.#tell();
    }

    toggleAxis() {
        for (const view of this.views) {
            view.timeline.byTime = !view.timeline.byTime;
            view.timeline.reset();
            view.timeline.show();
        }
        this.#nameAxis();
    }

    setLanguage(language) {
        this.language = language;
        try {
            localStorage.setItem(STORED, language);
        } catch {
            // The choice is forgotten with the page.
        }
        this.pause();
        this.#build();
        this.root.querySelector("button.language").focus();
        this.show();
        this.#tell();
    }

    startQuiz() {
        this.pause();
        if (this.views.length > 1 || this.quiz)
            return;
        this.quiz = new Quiz(this, this.views[0]);
    }

    #leaveQuiz() {
        this.quiz = null;
    }

    endQuiz() {
        this.#leaveQuiz();
        this.show();
        this.#tell();
    }

    savePicture() {
        this.views.forEach((view, number) => {
            const url = URL.createObjectURL(new Blob([view.picture()], {type: "image/svg+xml"}));
            make("a", {href: url, download: `fault-${view.number + 1}${number ? "-right" : ""}.svg`}).click();
            setTimeout(() => URL.revokeObjectURL(url), 10_000);
        });
    }

    showHelp() {
        const words = this.words, list = make("dl", {className: "keys"});
        for (const [key, text] of words.helpText)
            list.append(make("dt", {}, key), make("dd", {}, text));
        const dialog = make("dialog", {"aria-label": words.help, onclose: () => dialog.remove()}, make("h2", {}, words.help), list,
            make("button", {className: "close", onclick: () => dialog.close()}, words.close));
        this.root.append(dialog);
        dialog.showModal();
    }

    #searchKey(event) {
        event.stopPropagation();
        if (event.key === "Escape")
            this.search.blur();
        if (event.key !== "Enter" || !this.search.value.trim())
            return;
        const found = this.views.some(view => view.search(this.search.value));
        this.search.setAttribute("aria-invalid", String(!found));
        if (!found)
            this.say(this.words.notFound(this.search.value));
    }

    #key(event) {
        if (event.ctrlKey || event.altKey || event.metaKey || document.querySelector("dialog[open]"))
            return;
        const isControl = event.target.closest?.("button, select, input, summary");
        const keys = {
            " ": () => this.toggle(), Home: () => this.go(0), End: () => this.go(Infinity),
            ArrowLeft: () => event.shiftKey ? this.#jump(-1) : this.move(-1),
            ArrowRight: () => event.shiftKey ? this.#jump(1) : this.move(1),
            "+": () => this.#changeSpeed(1), "-": () => this.#changeSpeed(-1), "/": () => this.search.focus(),
            p: () => this.startQuiz(), s: () => this.savePicture(), l: () => this.setLanguage(this.language === "en" ? "zh" : "en"),
            a: () => this.toggleAxis(), "?": () => this.showHelp(), Escape: () => this.quiz && this.endQuiz(),
        };
        if (isControl && (event.key === " " || isControl.tagName === "SELECT" || isControl.tagName === "INPUT"))
            return;
        const run = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
        if (!run)
            return;
        event.preventDefault();
        run();
    }

    #jump(direction) {
        this.pause();
        this.go(this.views[0].otherKind(direction));
    }

    #changeSpeed(by) {
        this.speed = Math.min(Math.max(this.speed + by, 0), SPEEDS.length - 1);
        this.speedBox.selectedIndex = this.speed;
    }
}

async function start() {
    const root = document.getElementById("app"), words = LANGUAGES[navigator.language.startsWith("zh") ? "zh" : "en"];
    const about = [...document.querySelectorAll("script.about")].map(element => JSON.parse(element.textContent));
    const films = [];
    try {
        const data = document.querySelectorAll("script.data");
        for (let number = 0; number < about.length; number++) {
            const film = new Film(about[number], await unpack(data[number].textContent));
            data[number].remove();
            await film.prepare(share => { root.textContent = words.loading(share); });
            films.push(film);
        }
        window.film = new App(films);
    } catch (error) {
        root.textContent = words.broken(error.message);
        throw error;
    }
}

start();
