/** What is repeated, how often, and how long after: see RetryPolicy of the Python client. */
export interface Retries {
  /** At most, the first one included; 8 unless said otherwise. */
  attempts?: number;
  /** Bound of the first pause, which doubles with each attempt; 50. */
  firstPauseMs?: number;
  /** Where the doubling ends; 2,000. */
  longestPauseMs?: number;
  /** Attempts and pauses together; 30,000. */
  patienceMs?: number;
}

export interface Options extends Retries {
  /** For one attempt; 30,000. */
  timeoutMs?: number;
  /** How requests travel; the fetch of the platform unless said otherwise. */
  fetch?: typeof globalThis.fetch;
}

export interface ScoreOptions {
  /** Names the decision: who asks again is told the same. Without one, a new one is drawn. */
  idempotencyKey?: string;
  /** Whether to tell the contributions to the log-odds of bad. */
  shapValues?: boolean;
}

export interface BatchOptions extends ScoreOptions {
  /** Applications in one request; 1,000. */
  rowsPerRequest?: number;
}

/** The service refused: `message` is the sentence of its problem document. */
export class ServiceRefused extends Error {
  readonly status: number;
  readonly problem: Problem | null;
  readonly requestId: string | null;
}

/** The service could not be asked, or its answer did not arrive; `cause` says why. */
export class ServiceUnreachable extends Error {}

export class ScoringClient {
  constructor(baseUrl: string, token: string | null, options?: Options);
  /** Decide one application. */
  score(application: Application, options?: ScoreOptions): Promise<Answer>;
  /** Decide many; what became of them comes in their order, as it is decided. */
  scoreMany(
    applications: Iterable<Application>,
    options?: BatchOptions,
  ): AsyncGenerator<Answer | RefusedRow, void, void>;
  /** Show a decision that was made. */
  decision(decisionId: string): Promise<Record<string, unknown>>;
  /** Say which bundles answer whom. */
  model(): Promise<Record<string, unknown>>;
}
