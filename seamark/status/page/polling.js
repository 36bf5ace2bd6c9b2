// Asking the process again and again: only while somebody looks, ever more seldom while it is away.

const PATIENCE_MS = 10000;
const SELDOM_MS = 30000;
const all = [];

/** Ask for what is told below `api/`; JSON, or text as it is. Raises Error. */
export async function ask(path, as = "json") {
  const answer = await fetch(`api/${path}`, {
    cache: "no-store", credentials: "omit", redirect: "error",
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  if (!answer.ok) throw new Error(await reason(answer));
  return answer[as]();
}

async function reason(answer) {
  try {
    const told = await answer.json();
    return told.description || told.title || `${answer.status}`;
  } catch {
    return `${answer.status} ${answer.statusText}`;
  }
}

/** Whether nobody answered at all: that is told at the head of the page, for all of it. */
export const isAway = (error) => error instanceof TypeError || error.name === "TimeoutError";

/**
 * Runs a task now and then, as soon as it is wanted. The task is given a function that tells
 * whether what it has got is still the newest. `failed(error, seconds)` is told of each failure,
 * and in how many seconds it is tried again.
 */
export class Polling {
  #timer = 0;
  #turn = 0;
  #failures = 0;
  #wanted = false;

  constructor(everyS, task, failed = () => {}) {
    this.everyMs = everyS * 1000;
    this.task = task;
    this.failed = failed;
    all.push(this);
  }

  /** Have it go on, or stand still. */
  want(wanted) {
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    if (wanted) this.now();
    else this.rest();
  }

  /** Run it at once, whatever it waited for; what is under way counts no more. */
  async now() {
    this.rest();
    if (!this.#goesOn()) return;
    const turn = this.#turn;
    let wait = this.everyMs;
    try {
      await this.task(() => turn === this.#turn);
      this.#failures = 0;
    } catch (error) {
      if (turn !== this.#turn) return;
      this.#failures += 1;
      wait = Math.min(this.everyMs * 2 ** Math.min(this.#failures - 1, 5), SELDOM_MS);
      this.failed(error, wait / 1000);
    }
    if (turn !== this.#turn || !this.#goesOn()) return;
    this.#timer = setTimeout(() => this.now(), wait);
  }

  /** Wait for nothing more, until it is run again. */
  rest() {
    this.#turn += 1;
    clearTimeout(this.#timer);
  }

  #goesOn() {
    return this.#wanted && !document.hidden;
  }
}

/** Run all but one at once. */
export function wake(but = null) {
  for (const polling of all) if (polling !== but) polling.now();
}

/** Have all but one wait. */
export function rest(but = null) {
  for (const polling of all) if (polling !== but) polling.rest();
}

document.addEventListener("visibilitychange", () => (document.hidden ? rest() : wake()));
