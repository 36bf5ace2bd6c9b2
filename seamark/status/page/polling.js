// Asking the process again and again: only while somebody looks, ever more seldom while it is away.

const PATIENCE_MS = 10000;
const SELDOM_MS = 30000;
const all = [];

/** What is asked has no such thing: this kind of process never will. */
export class Missing extends Error {}

/** Ask for what is told below `api/`; JSON, or text as it is. Raises Missing, or another Error. */
export async function ask(path, as = "json") {
  const answer = await fetch(`api/${path}`, {
    cache: "no-store", credentials: "omit", redirect: "error",
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  if (answer.status === 404) throw new Missing(path);
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

/** Runs a task now and then. `failed(error, seconds)` is told of each failure and when it is tried again. */
export class Polling {
  #timer = 0;
  #turn = 0;
  #failures = 0;
  #held = false;

  constructor(everyS, task, failed = () => {}) {
    this.everyMs = everyS * 1000;
    this.task = task;
    this.failed = failed;
    all.push(this);
  }

  /** Run it at once, whatever it waited for; what is under way counts no more. */
  async now() {
    clearTimeout(this.#timer);
    if (document.hidden || this.#held) return;
    this.#turn += 1;
    const turn = this.#turn;
    let wait = this.everyMs;
    try {
      await this.task(() => turn === this.#turn);
      this.#failures = 0;
    } catch (error) {
      if (error instanceof Missing || turn !== this.#turn) return;
      this.#failures += 1;
      wait = Math.min(this.everyMs * 2 ** Math.min(this.#failures - 1, 5), SELDOM_MS);
      this.failed(error, wait / 1000);
    }
    if (turn !== this.#turn || document.hidden || this.#held) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.now(), wait);
  }

  /** Ask no more until it is released. */
  hold() {
    this.#held = true;
    this.#turn += 1;
    clearTimeout(this.#timer);
  }

  /** Go on. */
  release() {
    this.#held = false;
    this.now();
  }

  /** Wait for nothing more. */
  rest() {
    this.#turn += 1;
    clearTimeout(this.#timer);
  }
}

/** Ask for everything again, at once. */
export function wake() {
  for (const polling of all) polling.now();
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) for (const polling of all) polling.rest();
  else wake();
});
