/** What the daemon and its keychain worker say to each other: one JSON line there, some lines back. */
import * as v from 'valibot';

/** Under this name everything of ours is found in the system keychain; the account is the profile. */
export const SERVICE = 'bw-helper';

export interface Request {
  readonly do: 'get' | 'set' | 'delete' | 'look';
  readonly account: string;
  /** For `set`. */
  readonly value?: string;
  /** The keychain may open a window of its own to ask the person. */
  readonly mayAsk: boolean;
}

/** Foreign text, cut where it is absurdly long. */
const detail = v.pipe(
  v.string(),
  v.transform((text) => text.slice(0, 500)),
);

/** Why the keychain cannot be used, as far as a person can do something about it. */
const reason = v.picklist([
  'no-library',
  'no-bus',
  'no-service',
  'no-collection',
  'locked',
  'dismissed',
  'failed',
]);
export type Reason = v.InferOutput<typeof reason>;

/** The worker runs; the keychain was reached, and from here on it may wait for a person. */
const step = v.picklist(['started', 'reached']);

const answer = v.union([
  v.strictObject({ refused: reason, detail }),
  v.strictObject({ value: v.nullable(v.string()) }),
  v.strictObject({ done: v.boolean() }),
  v.strictObject({ locked: v.boolean(), item: v.picklist(['absent', 'hidden', 'locked', 'open']) }),
]);
export type Answer = v.InferOutput<typeof answer>;
export type Step = v.InferOutput<typeof step>;

/** One line of the worker; undefined where it is none. */
export function readLine(line: string): Step | Answer | undefined {
  try {
    const parsed = v.safeParse(v.union([step, answer]), JSON.parse(line));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}
