// SPDX-License-Identifier: MIT
// Draws the frames of memory that the film has anything to do with, and the swap slots in use.
import {cellOf, hasPage, isSwapped, numberOf} from "./entry.js";
import {lowerBound} from "./layout.js";
import {CanvasPen, colour} from "./pen.js";
import {drawCells} from "./space_view.js";

const SIZES = [9, 7, 5, 3, 2];
const MOST_HEIGHT = 220;
const MOST_FRAMES = 4096;  // of the film; if there are more, only those in use are drawn
const SLOTS_GAP = 18;

export class FramesView {
    constructor(view) {
        this.view = view;
        this.element = document.createElement("section");
        this.element.className = "frames";
        this.heading = document.createElement("h3");
        this.canvas = document.createElement("canvas");
        this.canvas.setAttribute("role", "img");
        this.element.append(this.heading, this.canvas);
        this.canvas.addEventListener("mousemove", event => this.#hover(event));
        this.canvas.addEventListener("mouseleave", () => view.hover(null));
        this.slots = [];
    }

    show(machine) {
        const words = this.view.words, film = this.view.film;
        this.#look(machine);
        const width = Math.max(this.element.clientWidth - 18, 200);
        this.size = SIZES.find(size => Math.ceil(this.list.length / Math.floor(width / size)) * size <= MOST_HEIGHT) ?? SIZES.at(-1);
        this.columns = Math.floor(width / this.size);
        this.framesHeight = Math.ceil(this.list.length / this.columns) * this.size;
        this.height = this.framesHeight + (this.slots.length ? SLOTS_GAP + Math.ceil(this.slots.length / this.columns) * this.size : 0);
        this.width = width;
        this.heading.textContent = words.frames(machine.maps.size, film.frame_list.length);
        this.canvas.setAttribute("aria-label", this.heading.textContent + (this.slots.length ? `. ${words.slots(this.slots.length)}` : ""));
        this.draw(new CanvasPen(this.canvas, width, this.height + 2));
    }

    /** Finds the state of each frame, and the slots in use. */
    #look(machine) {
        const film = this.view.film, slots = [];
        this.states = new Array(film.frame_list.length);
        for (const space of machine.spaces.values()) {
            for (const [page, entry] of space.entries) {
                if (hasPage(entry)) {
                    const place = film.frame_places.get(numberOf(entry));
                    this.states[place] ??= cellOf(entry, page, space, machine.maps);
                } else {
                    slots.push(numberOf(entry));
                }
            }
        }
        this.slots = Float64Array.from(new Set(slots)).sort();
        this.list = [];  // what is drawn, by the place in the film's list
        for (let place = 0; place < this.states.length; place++)
            if (this.states[place] || this.states.length <= MOST_FRAMES)
                this.list.push(place);
    }

    draw(pen) {
        const states = this.list.map(place => this.states[place] ?? "promised");
        for (let row = 0; row < states.length; row += this.columns)
            drawCells(pen, states.slice(row, row + this.columns), 0, row / this.columns * this.size, this.size);
        if (!this.slots.length)
            return;
        const top = this.framesHeight + SLOTS_GAP;
        pen.text(0, top - SLOTS_GAP / 2, this.view.words.slots(this.slots.length), colour("ink"), 11);
        for (let row = 0; row < this.slots.length; row += this.columns)
            drawCells(pen, new Array(Math.min(this.columns, this.slots.length - row)).fill("swapped"), 0, top + row / this.columns * this.size, this.size);
    }

    #place(number) {
        return [number % this.columns * this.size, Math.floor(number / this.columns) * this.size];
    }

    /** Where a frame, or the slot of an entry that is swapped out, is on the screen. */
    locate(entry) {
        const isSlot = isSwapped(entry), list = isSlot ? this.slots : this.list;
        const wanted = isSlot ? numberOf(entry) : this.view.film.frame_places.get(numberOf(entry));
        const number = lowerBound(list, wanted), box = this.canvas.getBoundingClientRect();
        if (list[number] !== wanted)
            return null;
        const [x, y] = this.#place(number);
        return {x: box.left + x + this.size / 2, y: box.top + y + this.size / 2 + (isSlot ? this.framesHeight + SLOTS_GAP : 0)};
    }

    #hover(event) {
        const box = this.canvas.getBoundingClientRect();
        const column = Math.floor((event.clientX - box.left) / this.size), row = Math.floor((event.clientY - box.top) / this.size);
        const place = column < this.columns ? this.list[row * this.columns + column] : undefined;
        this.view.hover(this.states[place] ? {frame: this.view.film.frame_list[place]} : null);
    }
}
