/** What a stand-in sends back. */
export interface Answer {
  readonly status: number;
  /** A header that stands there several times, such as `set-cookie`, has several values. */
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string;
  /** Each a `Set-Cookie` of its own. */
  readonly cookies?: readonly string[];
}

/** Thrown by a handler to end a request with an answer, from however deep. */
export class Refusal extends Error {
  readonly answer: Answer;

  constructor(answer: Answer) {
    super(`refused with ${answer.status}`);
    this.answer = answer;
  }
}

/** An answer with a JSON body. */
export function json(status: number, value: unknown, headers: NonNullable<Answer["headers"]> = {}): Answer {
  return {
    status,
    headers: { "content-type": "application/json;charset=UTF-8", ...headers },
    body: JSON.stringify(value),
  };
}

/** An answer in plain text. */
export function text(status: number, body: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, headers: { "content-type": "text/plain; charset=utf-8", ...headers }, body };
}

/** An HTML page with a title and a sentence. */
export function html(status: number, title: string, sentence: string): Answer {
  const body = `<!DOCTYPE html>\n<html lang="en">\n<head><title>${title}</title></head>\n<body><p>${sentence}</p></body>\n</html>\n`;
  return { status, headers: { "content-type": "text/html; charset=utf-8" }, body };
}

/** Headers that keep an answer with a token out of every cache (RFC 6749, section 5.1). */
export const NO_STORE: Readonly<Record<string, string>> = { "cache-control": "no-store", pragma: "no-cache" };
