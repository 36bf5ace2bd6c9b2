// Making and changing elements. What is shown comes from strangers: it only ever becomes text.

/** The element with this id. */
export const byId = (id) => document.getElementById(id);

// Characters that are not seen, or that turn what follows around: a name must not look like another.
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/gu;

/** Text of a stranger's as it may be shown: what cannot be seen in it is written out. */
export function shown(text) {
  return String(text ?? "").replace(UNSEEN, (c) => `\\u{${c.codePointAt(0).toString(16)}}`);
}

/**
 * An element. `given` are attributes; `children` are elements, or text that is made safe to read.
 * What is null or false is left out.
 */
export function el(tag, given = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (value === true) made.setAttribute(name, "");
    else if (value !== null && value !== false) made.setAttribute(name, value);
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== false)
    .map((child) => (child instanceof Node ? child : shown(child))));
  return made;
}

/** A stranger's text, apart from what stands beside it: its direction is its own. */
export const name = (text, kind = "name") => el("bdi", { class: kind }, text);

/** Change the text of an element if it is another. */
export function say(element, text) {
  const safe = shown(text);
  if (element.textContent !== safe) element.textContent = safe;
}

/** Show an element with a text and a command to try, or hide it where there is no text. */
export function notice(element, text, command = "") {
  element.hidden = !text;
  const safe = shown(`${text ?? ""}${command && ` ${command}`}`);
  if (element.textContent === safe) return;
  element.replaceChildren(shown(text));
  if (command) element.append(" ", el("code", {}, command));
}

/** Show or hide what only some processes have. */
export function needs(what, there) {
  for (const element of document.querySelectorAll(`[data-needs="${what}"]`)) {
    element.hidden = !there;
  }
}

/**
 * Have one child an item, in their order. A child whose item is the same stays as it is: focus and
 * selection in it stay too.
 */
export function keep(parent, items, key, make) {
  const had = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  const wanted = items.map((item) => {
    const id = key(item);
    const mark = JSON.stringify(item);
    const old = had.get(id);
    had.delete(id);
    if (old?.mark === mark) return old;
    const made = make(item);
    made.dataset.key = id;
    made.mark = mark;
    old?.remove();
    return made;
  });
  for (const child of had.values()) child.remove();
  wanted.forEach((child, at) => {
    if (parent.children[at] !== child) parent.insertBefore(child, parent.children[at] ?? null);
  });
}

/** A row of a table; cells are elements or text. `label` is what a cell is called where columns are not seen. */
export function row(given, ...cells) {
  return el("tr", { role: "row", ...given }, cells.map(([label, kind, ...inside]) =>
    el("td", { role: "cell", class: kind, "data-label": label }, inside)));
}

/** Words for a state, with a sign and a colour of the same meaning. */
export function state(kind, word) {
  return el("span", { class: `state ${kind}` }, word);
}

const said = byId("said");

/** Tell those who do not see the page; only what matters. */
export function announce(text) {
  said.textContent = text;
}

/** Run only once nobody calls any more for a while. */
export function settled(task, wait = 250) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(task, wait);
  };
}
