const PASSING = new Set([502, 503, 504]);

const DEFAULTS = {
  attempts: 8,
  firstPauseMs: 50,
  longestPauseMs: 2_000,
  patienceMs: 30_000,
  timeoutMs: 30_000,
};

export class ServiceRefused extends Error {
  constructor(status, problem, requestId, retryAfterMs = null) {
    super(problem?.detail ?? `${status}: no problem document`);
    this.name = "ServiceRefused";
    this.status = status;
    this.problem = problem;
    this.requestId = requestId;
    this.retryAfterMs = retryAfterMs;
  }
}

export class ServiceUnreachable extends Error {
  constructor(message, options) {
    super(message, options);
    this.name = "ServiceUnreachable";
  }
}

export class ScoringClient {
  #base;
  #headers;
  #options;
  #fetch;

  constructor(baseUrl, token, options = {}) {
    this.#base = baseUrl.replace(/\/+$/, "");
    this.#headers = token === null ? {} : { authorization: `Bearer ${token}` };
    this.#options = { ...DEFAULTS, ...options };
    this.#fetch = options.fetch ?? globalThis.fetch.bind(globalThis);
  }

  async score(application, { idempotencyKey, shapValues = false } = {}) {
    const headers = {
      "content-type": "application/json",
      "idempotency-key": idempotencyKey ?? (await newKey()),
    };
    const body = JSON.stringify(application);
    return this.#json("POST", `/v1/score${flag(shapValues)}`, headers, body);
  }

  async *scoreMany(
    applications,
    { idempotencyKey, shapValues = false, rowsPerRequest = 1_000 } = {},
  ) {
    const key = idempotencyKey ?? (await newKey());
    let firstRow = 1;
    for (const rows of chunks(applications, rowsPerRequest)) {
      yield* this.#batch(rows, `${key}.${firstRow}`, firstRow, shapValues);
      firstRow += rows.length;
    }
  }

  async decision(decisionId) {
    return this.#json("GET", `/v1/decisions/${encodeURIComponent(decisionId)}`);
  }

  async model() {
    return this.#json("GET", "/v1/model");
  }

  async #json(method, path, headers = {}, body = undefined) {
    const attempts = new Attempts(this.#options);
    for (;;) {
      try {
        return await this.#once(attempts, method, path, headers, body, async (response) =>
          response.json(),
        );
      } catch (error) {
        await attempts.waitAfter(error);
      }
    }
  }

  async *#batch(rows, key, firstRow, shapValues) {
    const attempts = new Attempts(this.#options);
    const headers = {
      "content-type": "application/json",
      accept: "application/x-ndjson",
      "idempotency-key": key,
    };
    const body = JSON.stringify({ applications: rows });
    let told = 0;
    for (;;) {
      const call = this.#request(attempts, "POST", `/v1/score/batch${flag(shapValues)}`, headers, body);
      try {
        let read = 0;
        for await (const line of linesOf(await call.response(), call)) {
          if (line.problem !== undefined) {
            throw new ServiceRefused(line.problem.status, line.problem, null);
          }
          read += 1;
          if (read > told) {
            told = read;
            yield line.row === undefined ? line : { ...line, row: line.row + firstRow - 1 };
          }
        }
        if (read < rows.length) {
          throw new ServiceUnreachable(`the answer ended after ${read} of ${rows.length} rows`);
        }
        return;
      } catch (error) {
        await attempts.waitAfter(error);
      } finally {
        call.end();
      }
    }
  }

  async #once(attempts, method, path, headers, body, take) {
    const call = this.#request(attempts, method, path, headers, body);
    try {
      const response = await call.response();
      try {
        return await take(response);
      } catch (cause) {
        throw new ServiceUnreachable("the answer did not arrive", { cause });
      }
    } finally {
      call.end();
    }
  }

  /** One attempt: it is given up when nothing moves for as long as it may take. */
  #request(attempts, method, path, headers, body) {
    const controller = new AbortController();
    const limit = Math.max(1, Math.min(this.#options.timeoutMs, attempts.leftMs()));
    let timer;
    const moves = () => {
      clearTimeout(timer);
      timer = setTimeout(() => controller.abort(new Error(`nothing within ${limit} ms`)), limit);
    };
    moves();
    const url = this.#base + path;
    const response = async () => {
      let found;
      try {
        found = await this.#fetch(url, {
          method,
          headers: { ...this.#headers, ...headers },
          body,
          signal: controller.signal,
        });
      } catch (cause) {
        throw new ServiceUnreachable(`no answer from ${this.#base}`, { cause });
      }
      if (!found.ok) {
        throw await refusal(found);
      }
      return found;
    };
    const end = () => {
      clearTimeout(timer);
      controller.abort();
    };
    return { response, moves, end };
  }
}

/** The attempts of one call: pauses double up to a bound and are drawn between nothing and that. */
class Attempts {
  #options;
  #endsAt;
  #failed = 0;

  constructor(options) {
    this.#options = options;
    this.#endsAt = performance.now() + options.patienceMs;
  }

  leftMs() {
    return this.#endsAt - performance.now();
  }

  async waitAfter(error) {
    this.#failed += 1;
    const { attempts, firstPauseMs, longestPauseMs } = this.#options;
    if (this.#failed >= attempts || !passes(error)) {
      throw error;
    }
    const bound = Math.min(firstPauseMs * 2 ** (this.#failed - 1), longestPauseMs);
    const pause = Math.random() * bound + (error.retryAfterMs ?? 0);
    if (pause >= this.leftMs()) {
      throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

function passes(error) {
  return (
    error instanceof ServiceUnreachable ||
    (error instanceof ServiceRefused && PASSING.has(error.status))
  );
}

async function refusal(response) {
  let problem = null;
  try {
    const document = await response.json();
    problem = typeof document?.detail === "string" ? document : null;
  } catch {
    // a proxy may have answered
  }
  const requestId = response.headers.get("x-request-id");
  const retryAfterMs = waitOf(response.headers.get("retry-after"));
  return new ServiceRefused(response.status, problem, requestId, retryAfterMs);
}

function waitOf(retryAfter) {
  if (retryAfter === null) {
    return null;
  }
  if (/^\s*\d+\s*$/.test(retryAfter)) {
    return Number(retryAfter) * 1_000;
  }
  const at = Date.parse(retryAfter);
  return Number.isNaN(at) ? null : Math.max(0, at - Date.now());
}

async function* linesOf(response, call) {
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let begun = "";
  for (;;) {
    let piece;
    try {
      piece = await reader.read();
    } catch (cause) {
      throw new ServiceUnreachable("the answer broke off", { cause });
    }
    call.moves();
    if (piece.done) {
      return;
    }
    const lines = (begun + decoder.decode(piece.value, { stream: true })).split("\n");
    begun = lines.pop();
    for (const line of lines) {
      yield JSON.parse(line);
    }
  }
}

function* chunks(rows, size) {
  let some = [];
  for (const row of rows) {
    some.push(row);
    if (some.length === size) {
      yield some;
      some = [];
    }
  }
  if (some.length > 0) {
    yield some;
  }
}

function flag(shapValues) {
  return shapValues ? "?shap_values=true" : "";
}

async function newKey() {
  // Node.js 18 has it behind a module, browsers have no such module.
  const source = globalThis.crypto ?? (await import("node:crypto")).webcrypto;
  const bytes = source.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
