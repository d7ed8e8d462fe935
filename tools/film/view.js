// SPDX-License-Identifier: MIT
// Shows one film: the address spaces, the frames and the fault at hand, with a time line.
import {detailsOf} from "./details.js";
import {make} from "./elements.js";
import {hasPage, isSwapped, numberOf} from "./entry.js";
import {FramesView} from "./frames_view.js";
import {lowerBound} from "./layout.js";
import {colour, SvgPen} from "./pen.js";
import {KINDS} from "./records.js";
import {SpaceView, TABLES_HEIGHT} from "./space_view.js";
import {hex, labelOf, pageText, processName, storyOf} from "./story.js";
import {Timeline} from "./timeline.js";

const MOST_LINKS = 64;
const EDGE = 20;  // pixels between the page of the fault and where the maps are cut

export class FilmView {
    /** `app` is told of what is chosen here; `words` are the language. */
    constructor(film, app, words) {
        this.film = film;
        this.app = app;
        this.words = words;
        this.pids = film.shownAtFirst();
        this.index = 0;
        this.spaces = new Map();
        this.heading = make("h2", {className: "title"});
        this.map = make("div", {className: "spaces"});
        this.details = make("div", {className: "details"});
        this.frames = new FramesView(this);
        this.timeline = new Timeline(this);
        this.links = make("canvas", {className: "links", "aria-hidden": "true"});
        this.tip = make("div", {className: "tip", hidden: true});
        this.aside = make("aside", {}, this.details, this.frames.element);
        this.element = make("div", {className: "film"}, this.heading, make("div", {className: "stage"}, this.map, this.aside));
        this.map.addEventListener("scroll", () => this.drawLinks());
        this.aside.addEventListener("scroll", () => this.drawLinks());
        this.element.querySelector(".stage").addEventListener("scroll", () => this.drawLinks());
        document.body.append(this.links, this.tip);
        this.filter();
        this.open();
    }

    /** Goes to where the film opens: within the part that was asked for, if there is one. */
    open() {
        const part = this.film.parts.find(one => one.isOn), wanted = part ? this.inPart(part) : [];
        if (wanted.length)
            this.timeline.showPart(part);
        this.index = this.indexOf(this.film.opening(wanted.length ? wanted : this.faults));
    }

    /** The faults of a part that are shown. */
    inPart(part) {
        return this.faults.slice(lowerBound(this.faults, part.from), lowerBound(this.faults, part.to));
    }

    /** Has the first fault of a part at hand, and the time line on it. Returns whether there is one. */
    setPart(part) {
        if (!part || !this.inPart(part).length)
            return false;
        this.timeline.showPart(part);
        this.index = lowerBound(this.faults, part.from);
        return true;
    }

    /** Goes to a part. */
    goToPart(part) {
        if (this.setPart(part))
            this.choose(this.index);
    }

    /** Makes the list of the faults that are shown. */
    filter() {
        const current = this.faults?.[this.index] ?? 0;
        this.faults = Uint32Array.from(this.film.pids.keys()).filter(fault => this.pids.has(this.film.pids[fault]));
        this.index = this.indexOf(current);
        this.timeline.reset();
    }

    /** The index of a fault in the list, or of the next one. */
    indexOf(fault) {
        return Math.min(lowerBound(this.faults, fault), Math.max(this.faults.length - 1, 0));
    }

    get number() {
        return this.faults[this.index];
    }

    positionText() {
        return this.words.position(this.number + 1, this.film.nfaults, this.film.seconds(this.film.records_of[this.number]));
    }

    say(text) {
        this.app.say(text);
    }

    choose(index) {
        this.app.choose(this, index);
    }

    /** Goes to the next fault of a page, from the one at hand on; round once. */
    goToPage(space, page) {
        const film = this.film;
        for (let step = 1; step <= this.faults.length; step++) {
            const index = (this.index + step) % this.faults.length, record = film.records_of[this.faults[index]];
            if (film.records.writer(record).space === space && Math.floor(film.records.get(record, 3) / 4096) === page) {
                this.choose(index);
                return;
            }
        }
        this.say(this.words.notFound(hex(page * 4096)));
    }

    /** Shows the fault at hand; with isHidden, the machine before it, and not what happens. */
    show(isHidden = false) {
        const film = this.film, fault = film.fault(this.number);
        const position = isHidden ? film.before(this.number) : film.after(this.number);
        const machine = film.at(position), coming = film.onTheirWay(position);
        this.fault = fault;
        this.hovered = this.supply = null;
        this.tip.hidden = true;
        this.heading.textContent = film.title;
        this.timeline.show();  // what it leaves is for the maps
        this.#showSpaces(machine, fault, coming);
        this.frames.show(machine);
        const label = this.label = labelOf(fault, machine.spaces.get(fault.space)?.area(fault.page));
        this.story = "";
        if (!isHidden) {
            this.supply = label === "file_page" || label === "file_copy" ? film.supplyOf(fault) : null;
            this.story = storyOf(film, machine, fault, label, this.supply, this.words);
            this.details.replaceChildren(...detailsOf(film, fault, this.words.kinds[label], this.story, this.words));
            if (film.about.short)
                this.details.append(make("p", {className: "quiet"}, this.words.short(film.about.short)));
        }
        this.drawLinks();
    }

    #showSpaces(machine, fault, coming) {
        const numbers = [...new Set(machine.living().filter(process => this.pids.has(process.pid)).map(process => process.space))];
        if (!numbers.includes(fault.space))
            numbers.push(fault.space);
        for (const [number, view] of this.spaces) {
            if (numbers.includes(number))
                continue;
            view.element.remove();
            this.spaces.delete(number);
        }
        const isMoving = this.map.childElementCount > 0;
        for (const number of numbers) {
            let view = this.spaces.get(number);
            if (!view) {
                view = new SpaceView(this, number);
                if (isMoving)
                    view.element.classList.add(this.film.forks.has(number) ? "grows" : "appears");
                view.element.addEventListener("animationend", () => this.drawLinks());  // now it is where it stays
                this.spaces.set(number, view);
                this.map.append(view.element);
            }
        }
        for (const [number, view] of this.spaces)
            view.show(machine, number === fault.space ? fault.page : null, coming.get(number));
        this.#reveal(this.spaces.get(fault.space).locate(fault.page));
    }

    /** Scrolls the maps, if they scroll by themselves, so that a place is to be seen. */
    #reveal(place) {
        const box = this.map.getBoundingClientRect();
        if (place && this.map.scrollHeight > this.map.clientHeight && !(place.y > box.top + EDGE && place.y < box.bottom - EDGE))
            this.map.scrollTop += place.y - (box.top + box.bottom) / 2;
    }

    /** Something is under the mouse: {space, page}, {frame} or null. */
    hover(what) {
        this.hovered = what;
        this.tip.hidden = true;
        if (what?.space !== undefined) {
            const space = this.film.machine.spaces.get(what.space), at = this.spaces.get(what.space)?.locate(what.page);
            if (space && at) {
                this.tip.textContent = pageText(this.film, this.film.machine, space, what.page, this.words);
                this.tip.hidden = false;
                const {width, height} = this.tip.getBoundingClientRect();
                this.tip.style.left = `${Math.max(Math.min(at.x + 12, innerWidth - width - 4), 4)}px`;
                this.tip.style.top = `${at.y + 14 + height > innerHeight ? at.y - 14 - height : at.y + 14}px`;
            }
        }
        this.drawLinks();
    }

    /** Draws lines from the entry under the mouse, or of the fault at hand, to its frame and to all who share it. */
    drawLinks() {
        const scale = window.devicePixelRatio || 1, canvas = this.links;
        canvas.width = innerWidth * scale;
        canvas.height = innerHeight * scale;
        const context = canvas.getContext("2d");
        context.scale(scale, scale);
        context.strokeStyle = colour("focus");
        context.globalAlpha = 0.7;
        if (!this.hovered)
            this.#drawSupply(context);
        const what = this.hovered ?? {space: this.fault.space, page: this.fault.page};
        let entry = 0;
        if (what.frame === undefined)
            entry = this.film.machine.spaces.get(what.space)?.entries.get(what.page) ?? 0;
        const frame = what.frame ?? (hasPage(entry) ? numberOf(entry) : null);
        let from = null, users = [];
        if (frame !== null) {
            users = this.film.holders(frame);
            from = this.#inside(this.frames.locate(entry || this.#anyEntry(users)), this.aside);
        } else if (isSwapped(entry)) {
            users = [what];
            from = this.#inside(this.frames.locate(entry), this.aside);
        }
        if (!from)
            return;
        this.linked = users.length;
        for (const user of users.slice(0, MOST_LINKS)) {
            const to = this.#inside(this.spaces.get(user.space)?.locate(user.page), this.map);
            if (!to)
                continue;
            context.beginPath();
            context.moveTo(from.x, from.y);
            context.bezierCurveTo(from.x - 60, from.y, to.x + 60, to.y, to.x, to.y);
            context.stroke();
        }
    }

    /** Draws the way from the server that has made the page of the fault at hand. */
    #drawSupply(context) {
        const server = this.supply && this.film.machine.processes.get(this.supply.pid);
        const box = this.spaces.get(server?.space)?.element.getBoundingClientRect();
        const to = this.#inside(this.spaces.get(this.fault.space)?.locate(this.fault.page), this.map);
        if (!box || !to)
            return;
        context.setLineDash([6, 4]);
        context.beginPath();
        context.moveTo(box.left + 8, box.top + 14);
        context.lineTo(to.x, to.y);
        context.stroke();
        context.setLineDash([]);
    }

    /** Returns a place if it is not scrolled out of an element, and of the stage. */
    #inside(place, element) {
        const boxes = [element, this.element].map(one => one.getBoundingClientRect()).filter(box => box.height > 0);
        return place && boxes.every(box => place.y >= box.top && place.y <= box.bottom) ? place : null;
    }

    #anyEntry(users) {
        return users.length ? this.film.machine.spaces.get(users[0].space).entries.get(users[0].page) : 0;
    }

    /** Finds the next fault, from the one at hand on, that a text names: an address, a symbol, a kind or a process. */
    search(text) {
        const film = this.film, wanted = text.trim().toLowerCase(), address = /^(0x)?[0-9a-f]{4,16}$/.test(wanted) ? parseInt(wanted, 16) : null;
        for (let step = 1; step <= this.faults.length; step++) {
            const index = (this.index + step) % this.faults.length, number = this.faults[index];
            if (this.#matches(film, number, wanted, address)) {
                this.choose(index);
                return true;
            }
        }
        return false;
    }

    #matches(film, number, wanted, address) {
        const records = film.records, record = film.records_of[number];
        const pc = records.get(record, 2), va = records.get(record, 3), place = film.about.places[records.get(record, 6)],
            symbol = film.about.symbols[records.get(record, 7)];
        if (address !== null && (pc === address || Math.floor(va / 4096) === Math.floor(address / 4096)))
            return true;
        const names = KINDS.filter((_, kind) => film.all_kinds[number] & 1 << kind);
        names.push(processName(film, film.machine, film.pids[number], this.words), place?.[0] ?? "", symbol ?? "",
            place ? `${place[1].split("/").at(-1)}:${place[2]}` : "");
        return names.some(name => name.toLowerCase().includes(wanted)) || this.#labelMatches(number, wanted);
    }

    #labelMatches(number, wanted) {
        const label = this.words.kinds[labelOf(this.film.fault(number), this.film.mappingOf(number))];
        return label.toLowerCase().includes(wanted);
    }

    /** The next fault whose kinds differ from the one at hand, in a direction. */
    otherKind(direction) {
        const kinds = this.film.all_kinds;
        let index = this.index;
        while (index + direction >= 0 && index + direction < this.faults.length) {
            index += direction;
            if (kinds[this.faults[index]] !== kinds[this.number])
                break;
        }
        return index;
    }

    /** Draws the instant as SVG. */
    picture() {
        const pen = new SvgPen(), margin = 16;
        let x = margin, bottom = 0;
        pen.text(margin, 18, `${this.film.title}: ${this.positionText()}`, colour("ink"), 14);
        let line = 0;
        for (const text of wrap(this.story ?? "", this.words.lineLength))
            pen.text(margin, 40 + 18 * line++, text, colour("ink"), 13);
        const top = 50 + 18 * line;
        for (const view of this.spaces.values()) {
            const width = view.layout.columns * view.layout.cell;
            pen.moveTo(x, top);
            pen.text(0, 8, view.heading.textContent, colour("ink"), 12);
            pen.moveTo(x, top + 20);
            view.drawTables(pen, width, view.focus ?? view.space.entries.keys().next().value ?? null);
            pen.moveTo(x, top + 20 + TABLES_HEIGHT);
            view.draw(pen, 0, view.layout.height);
            x += width + 24;
            bottom = Math.max(bottom, top + 20 + TABLES_HEIGHT + view.layout.height);
        }
        pen.moveTo(x, top);
        pen.text(0, 8, this.frames.heading.textContent, colour("ink"), 12);
        pen.moveTo(x, top + 20);
        this.frames.draw(pen);
        pen.moveTo(0, 0);
        return pen.finish(x + this.frames.width + margin, Math.max(bottom, top + 20 + this.frames.height) + margin, colour("paper"));
    }
}

/** Breaks a text into lines: behind a blank, or a Chinese comma or stop. */
function wrap(text, length) {
    const lines = [""];
    for (const word of text.split(/(?<=[ ，。：])/)) {
        if (lines.at(-1) && lines.at(-1).length + word.length > length)
            lines.push("");
        lines[lines.length - 1] += word;
    }
    return lines.map(line => line.trimEnd());
}
