/** One request as the server saw it; never a secret or a token. */
export interface Seen {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** grant_type of a token request. */
  readonly grant?: string;
  /** deviceIdentifier of a token request: bw's appId. */
  readonly device?: string;
  /** ms since the epoch. */
  readonly at: number;
  /** HTTP status of the answer; undefined until it was given. */
  status?: number;
}

export type Matches = (request: Seen) => boolean;

/** A request kept without an answer. */
export interface Held {
  /** The first match has arrived and waits. */
  readonly reached: Promise<Seen>;
  /** Lets it and all later ones through. */
  release(): void;
}

export interface Requests {
  readonly seen: readonly Seen[];
  /** The next request, from now on, that matches; resolves when it arrives, before its answer. */
  next(matches: Matches): Promise<Seen>;
  /** Keeps matching requests unanswered until released. */
  hold(matches: Matches): Held;
  /** Takes a request in; resolves when it may be answered. */
  arrive(request: Seen): Promise<void>;
}

/** The list of what was asked, and ways to wait for it instead of sleeping. */
export function createRequests(): Requests {
  const seen: Seen[] = [];
  const waiting = new Set<(request: Seen) => void>();
  const gates = new Set<{ matches: Matches; opened: Promise<void> }>();

  const next: Requests['next'] = (matches) =>
    new Promise((resolve) => {
      const look = (request: Seen) => {
        if (!matches(request)) return;
        waiting.delete(look);
        resolve(request);
      };
      waiting.add(look);
    });

  return {
    seen,
    next,
    hold(matches) {
      const { promise: opened, resolve: open } = Promise.withResolvers<void>();
      const gate = { matches, opened };
      gates.add(gate);
      return {
        reached: next(matches),
        release() {
          gates.delete(gate);
          open();
        },
      };
    },
    async arrive(request) {
      seen.push(request);
      for (const look of [...waiting]) look(request);
      for (const gate of [...gates]) if (gate.matches(request)) await gate.opened;
    },
  };
}
