/* The texts of the interface, from locales/LANGUAGE.json beside this file, those of the pages around the component from
 * locales/LANGUAGE.pages.json. web/language.py reads the same files.
 *
 * `t("key", { name: "value" })` fills {name}. With a `count`, the text is "key.one" or "key.other", or another category
 * of Intl.PluralRules that the language's file has.
 */

const texts = new Map();

/** The text function of a language, of English where there are no texts for it; `parts` are "", ".pages", ".unanswered". */
export async function textsIn(language, parts = [""]) {
  const name = nameOf(language);
  if (!texts.has(name + parts)) {
    texts.set(name + parts, (await load(name, parts)) ?? (name === "en" ? silent : await textsIn("en", parts)));
  }
  return texts.get(name + parts);
}

/** The same for the component where it is loaded already, else undefined. */
export function textsNow(language) {
  return texts.get(nameOf(language));
}

/** "de" of "de-AT". */
function nameOf(language) {
  return /^[a-z]{2,3}/.exec((language ?? "").toLowerCase())?.[0] ?? "en";
}

const silent = Object.assign((key) => key, { language: "en", dir: "ltr" });

async function load(language, parts) {
  const files = parts.map(async (part) => (await fetch(new URL(`locales/${language}${part}.json`, import.meta.url))).json());
  const found = await Promise.all(files).then((all) => Object.assign({}, ...all), () => null);
  if (!found) {
    return null;
  }
  const rules = new Intl.PluralRules(language);
  const t = (key, values = {}) => {
    const text = found[key] ?? found[`${key}.${rules.select(values.count)}`] ?? found[`${key}.other`] ?? key;
    return text.replace(/\{(\w+)\}/g, (whole, name) => {
      const value = values[name] ?? whole;
      return typeof value === "number" ? value.toLocaleString(language) : value;
    });
  };
  return Object.assign(t, { language, dir: found["language.dir"] });
}
