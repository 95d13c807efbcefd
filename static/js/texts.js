// The texts of the scripts in the page's language, which came with the page, and how it writes numbers and months.

const { locale, texts } = JSON.parse(document.getElementById("texts").textContent);
const plurals = new Intl.PluralRules(locale);
const numbers = new Intl.NumberFormat(locale);
const months = new Intl.DateTimeFormat(locale, { month: "long", year: "numeric", timeZone: "UTC" });

/** Return a text with its `{name}` filled in; `count` chooses the plural form. */
export function t(key, values = {}) {
  const entry = texts[key];
  const text = typeof entry === "string" ? entry : entry[plurals.select(values.count)] ?? entry.other;
  return text.replace(/\{(\w+)\}/g, (_, name) => written(values[name]));
}

/** Write a month, given as `2024-05`. */
export function monthText(month) {
  return months.format(new Date(`${month}-01T00:00:00Z`));
}

function written(value) {
  return typeof value === "number" ? numbers.format(value) : String(value);
}
