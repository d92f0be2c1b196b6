/* A question on its way: the events of its answer, and what happens when the connection is lost. */

// Seconds between one try and the next. Mostly a laptop that changes networks, or a server that starts again.
const PAUSES = [1, 2, 4, 4, 4];

/** Hears an event of an answer on its way: its name, and its body.
 *
 * @typedef {(name: string, data: any) => void} OnEvent
 */

/** The service said no; `problem` is its reason (RFC 9457), `seconds` when to come again, if it said. */
export class Refusal extends Error {
  /**
   * @param {number} status
   * @param {Partial<ProblemBody> | null} problem
   */
  constructor(status, problem, seconds = 0) {
    super(problem?.detail ?? "");
    this.status = status;
    this.seconds = seconds;
  }
}

/** The answer's body. `send` posts the question; each event before the last goes to `onEvent`.
 *
 * A connection that cannot be made or ends early is tried again, and `onLost` is told. Throws a Refusal, what fetch
 * throws when the last try failed too, or the signal's reason.
 *
 * @param {() => Promise<Response>} send
 * @param {{ signal: AbortSignal, onEvent: OnEvent, onLost: () => void }} options
 * @returns {Promise<AnswerBody>}
 */
export async function answerTo(send, { signal, onEvent, onLost }) {
  for (let tries = 0; ; tries += 1) {
    try {
      return await once(send, onEvent);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof Refusal || tries === PAUSES.length) {
        throw error;
      }
      onLost();
      await pause(PAUSES[tries], signal);
    }
  }
}

/** @type {(send: () => Promise<Response>, onEvent: OnEvent) => Promise<AnswerBody>} */
async function once(send, onEvent) {
  const response = await send();
  if (!response.ok) {
    // Something between here and the service may answer too, and not in JSON.
    const problem = await response.json().catch(() => null);
    throw new Refusal(response.status, problem, Number(response.headers.get("Retry-After")));
  }
  if (!response.headers.get("Content-Type")?.startsWith("text/event-stream")) {
    return response.json();
  }
  for await (const [name, data] of eventsOf(/** @type {ReadableStream<Uint8Array<ArrayBuffer>>} */ (response.body))) {
    if (name === "done") {
      return data;
    }
    if (name === "error") {
      throw new Refusal(data.status, data);
    }
    onEvent(name, data);
  }
  throw new TypeError("the answer ended early");
}

/** [name, data] of each whole event of a stream.
 *
 * @param {ReadableStream<Uint8Array<ArrayBuffer>>} body
 * @returns {AsyncGenerator<[string, any]>}
 */
async function* eventsOf(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const blocks = (rest + part.value).split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const [, name, data] = /^event: ([^\n]*)\ndata: ([^\n]*)/.exec(block) ?? [];
      if (name) {
        yield [name, JSON.parse(data)];
      }
    }
  }
}

/** That many seconds, or until the browser is online again.
 *
 * @type {(seconds: number, signal: AbortSignal) => Promise<unknown>}
 */
function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, seconds * 1000);
    window.addEventListener("online", resolve, { once: true, signal });
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
