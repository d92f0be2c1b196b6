/* The texts of the interface, from locales/LANGUAGE.json, those of the pages around the component from
 * locales/LANGUAGE.pages.json. web/i18n.py reads the same files.
 *
 * `t("key", { name: "value" })` fills {name}. With a `count`, the text is "key.one" or "key.other", or another category
 * of Intl.PluralRules that the language's file has.
 */

/** @type {Map<string, Texts>} */
const texts = new Map();

/** The text function of a language, of English where there are no texts for it; `parts` are "", ".pages", ".unanswered".
 *
 * @type {(language: string | null | undefined, parts?: string[]) => Promise<Texts>}
 */
export async function textsIn(language, parts = [""]) {
  const name = nameOf(language);
  const known = texts.get(name + parts);
  if (known) {
    return known;
  }
  const found = (await load(name, parts)) ?? (name === "en" ? silent : await textsIn("en", parts));
  texts.set(name + parts, found);
  return found;
}

/** The same for the component where it is loaded already, else undefined.
 *
 * @param {string | null | undefined} language
 */
export function textsNow(language) {
  return texts.get(nameOf(language));
}

/** "de" of "de-AT".
 *
 * @param {string | null | undefined} language
 */
function nameOf(language) {
  return /^[a-z]{2,3}/.exec((language ?? "").toLowerCase())?.[0] ?? "en";
}

const silent = Object.assign((/** @type {string} */ key) => key, { language: "en", dir: "ltr" });

/** @type {(language: string, parts: string[]) => Promise<Texts | null>} */
async function load(language, parts) {
  const files = parts.map(async (part) => (await fetch(new URL(`../locales/${language}${part}.json`, import.meta.url))).json());
  /** @type {Record<string, string> | null} */
  const found = await Promise.all(files).then((all) => Object.assign({}, ...all), () => null);
  if (!found) {
    return null;
  }
  const rules = new Intl.PluralRules(language);
  /** @type {(key: string, values?: Record<string, unknown>) => string} */
  const t = (key, values = {}) => {
    const text = found[key] ?? found[`${key}.${rules.select(Number(values.count))}`] ?? found[`${key}.other`] ?? key;
    return text.replace(/\{(\w+)\}/g, (whole, name) => {
      const value = values[name] ?? whole;
      return typeof value === "number" ? value.toLocaleString(language) : String(value);
    });
  };
  return Object.assign(t, { language, dir: found["language.dir"] });
}
