// SPDX-License-Identifier: MIT
// Makes elements of the page.

/** Makes an element: make("p", {className: "story"}, "text", child). What begins with "on" is a listener, what has a dash an attribute. */
export function make(tag, properties = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
        if (name.startsWith("on"))
            element.addEventListener(name.slice(2), value);
        else if (name.includes("-") || name === "role")
            element.setAttribute(name, value);
        else
            element[name] = value;
    }
    element.append(...children);
    return element;
}
