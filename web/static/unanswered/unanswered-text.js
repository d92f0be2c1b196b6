/* The texts of the page of what was not answered, with those of all pages. */

import { textsIn } from "../chat/language.js";

export const t = await textsIn(document.documentElement.lang, ["", ".pages", ".unanswered"]);
