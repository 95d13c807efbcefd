// The texts of the scripts in the page's language, which came with the page, and how it writes numbers and months.

const { locale, texts, messages } = JSON.parse(document.getElementById("texts").textContent);
const TRANSLATED_VALUES = new Set(["advice", "colour", "details", "formats", "kind", "month", "problem", "shape", "state", "what"]);
const patterns = messages.map(([english, text]) => [patternOf(english), text]);
const plurals = new Intl.PluralRules(locale);
const numbers = new Intl.NumberFormat(locale);
const percents = new Intl.NumberFormat(locale, { style: "percent" });
const months = new Intl.DateTimeFormat(locale, { month: "long", year: "numeric", timeZone: "UTC" });

/** Return a text with its `{name}` filled in; `count` chooses the plural form. */
export function t(key, values = {}) {
  const entry = texts[key];
  const text = typeof entry === "string" ? entry : entry[plurals.select(values.count)] ?? entry.other;
  return text.replace(/\{(\w+)\}/g, (_, name) => written(values[name]));
}

/** Return what the gallery's parts say in English in the page's language; see `app/web/texts/said.py`. */
export function translated(message) {
  for (const [pattern, text] of patterns) {
    const found = pattern.exec(message);
    if (found) {
      return text.replace(/\{(\w+)\}/g, (_, name) =>
        TRANSLATED_VALUES.has(name) ? translated(found.groups[name]) : found.groups[name]);
    }
  }
  return message;
}

/** Write a number of per cent. */
export function percentText(percent) {
  return percents.format(percent / 100);
}

/** Write a month, given as `2024-05`. */
export function monthText(month) {
  return months.format(new Date(`${month}-01T00:00:00Z`));
}

function written(value) {
  return typeof value === "number" ? numbers.format(value) : String(value);
}

function patternOf(english) {
  const escaped = english.replace(/[.*+?^$()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replace(/\{(\w+)\}/g, "(?<$1>.+?)")}$`, "s");
}
