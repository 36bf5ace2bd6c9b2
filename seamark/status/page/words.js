// Numbers and times in words.

const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const plain = new Intl.NumberFormat("en");

/** How many: 18,331. */
export const count = (value) => plain.format(value);

/** How many of what: "1 service", "3 services". */
export const many = (value, one, more = `${one}s`) => `${count(value)} ${value === 1 ? one : more}`;

/** A rate: 0.4, 12.3, 812, 12.3K. */
export function rate(value) {
  if (value >= 10000) return short.format(value);
  if (value >= 100) return plain.format(Math.round(value));
  return value.toFixed(1).replace(/\.0$/u, "");
}

/** A share: 93.1 %. */
export function share(value) {
  if (value === null) return "–";
  const percent = value * 100;
  if (percent === 0 || percent === 100) return `${percent} %`;
  if (percent < 0.1) return "< 0.1 %";
  return `${Math.min(percent, 99.9).toFixed(1)} %`;
}

/** A duration: 62 µs, 3.9 ms, 1.2 s. */
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 0.001) return `${Math.round(seconds * 1e6)} µs`;
  if (seconds < 1) return `${trim(seconds * 1e3)} ms`;
  return `${trim(seconds)} s`;
}

const trim = (value) => (value < 10 ? value.toFixed(1).replace(/\.0$/u, "") : String(Math.round(value)));

/** Bytes: 4.6 MiB. */
export function bytes(value) {
  for (const unit of ["B", "KiB", "MiB"]) {
    if (value < 1024) return `${trim(value)} ${unit}`;
    value /= 1024;
  }
  return `${trim(value)} GiB`;
}

/** For how long: 3 h 12 min. */
export function span(seconds) {
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1) return `${Math.max(0, Math.floor(seconds))} s`;
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `${Math.floor(minutes / 1440)} days`;
}

const two = (value) => String(value).padStart(2, "0");

/** The time of day here, of seconds since the epoch. */
export function clock(seconds) {
  const at = new Date(seconds * 1000);
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** The same to the millisecond, of a time as the log tells it. */
export function moment(iso) {
  const at = new Date(iso);
  const fraction = String(at.getMilliseconds()).padStart(3, "0");
  return `${clock(at.getTime() / 1000)}.${fraction}`;
}
