/* Types that more than one script uses. The bodies that the service sends are in bodies.d.ts. */

interface Window {
  /** What widget.js leaves for the page that it is in. */
  citewell?: unknown;
}

interface HTMLElementTagNameMap {
  "citewell-chat": ChatElement;
  "citewell-launcher": LauncherElement;
}

/** `t("key", { name: "value" })`, in one language. */
type Texts = ((key: string, values?: Record<string, unknown>) => string) & { language: string; dir: string };

/** A place in a document: of a citation, a passage, or what says the same. */
type Placed = Pick<PlaceBody, "document" | "section" | "page" | "link">;

/** What a request is sent with: fetch, with the key of the service where it needs one. */
type Send = (path: string, options?: { method?: string; body?: unknown }) => Promise<Response>;

/** How a chat opens links. */
type Opens = { compact?: boolean };

type AskOptions = { standAlone?: boolean };

/** What citewell-chat.js gives its parts. */
interface Chat extends Opens {
  t: Texts;
  root: ShadowRoot;
  card: Card;
  panel: Panel;
  say: (words: string) => unknown;
  post: (path: string, body: unknown) => Promise<Response>;
  ask: (question: string, options?: AskOptions) => Promise<AnswerBody | null>;
}

type Card = ((button: HTMLElement, citation: CitationBody) => void) & { hide: () => void };

interface Panel {
  open: (citations: CitationBody[], position: number, opener: HTMLElement) => void;
  close: () => void;
  readonly isOpen: boolean;
}

/** The public face of <citewell-chat>: see citewell-chat.js. */
interface ChatElement extends HTMLElement {
  ready: Promise<unknown>;
  ask: (question: string, options?: AskOptions) => Promise<AnswerBody | null>;
  stop: () => boolean;
  readonly turns: AnswerBody[];
}

interface LauncherElement extends HTMLElement {
  build: () => Promise<LauncherElement>;
  open: () => Promise<void>;
  close: () => void;
  chat: () => Promise<ChatElement>;
}

/** A conversation, as far as the list of them knows it. */
type Talk = Pick<SharedHeadBody, "id" | "title"> & Partial<SharedHeadBody>;
