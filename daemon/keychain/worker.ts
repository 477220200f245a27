/**
 * The one place where keytar runs: a process for one request, which the daemon ends whatever state it
 * is in. keytar takes a locked keychain for an empty one, crashes in findCredentials there, and a
 * prompt that nobody answers holds its thread, and with it even exit(), for ever (all seen with 7.10.6).
 *
 * One JSON line on stdin, then lines on stdout as in exchange.ts; the last one is the answer.
 */
import { readFileSync, writeSync } from 'node:fs';
import { loadNative } from '../system/native.ts';
import { type Answer, type Request, SERVICE, type Step } from './exchange.ts';
import { openSecretService, Refused } from './secret-service.ts';

const { platform } = process;
const native = loadNative(platform);
native.endWithParent();
native.harden();
say('started');
try {
  const wanted: Request = JSON.parse(readFileSync(0, 'utf8'));
  say(platform === 'linux' ? await askSecretService(wanted) : await askKeytar(wanted));
} catch (thrown) {
  const { reason, detail } = thrown instanceof Refused ? thrown : foreign(thrown as Error);
  say({ refused: reason, detail });
}

/** What keytar would answer where all is well, and what it does not tell. Throws Refused. */
async function askSecretService(wanted: Request): Promise<Answer> {
  const { do: verb, account, mayAsk } = wanted;
  const service = openSecretService();
  const collection = service.collection();
  if (!collection) {
    if (verb !== 'set' || !mayAsk) throw new Refused('no-collection');
    // With somebody to ask, the keychain makes one and lets them choose its password.
    return await askKeytar(wanted).catch((thrown) => {
      throw service.collection() ? thrown : new Refused('dismissed');
    });
  }
  if (verb === 'look') {
    // A search alone makes KeePassXC ask for the password of a closed database.
    const item = collection.locked ? 'hidden' : service.find(SERVICE, account);
    return { locked: collection.locked, item };
  }
  if (collection.locked) {
    if (!mayAsk) throw new Refused('locked');
    say('reached');
    if (!collection.unlock()) throw new Refused('dismissed');
  }
  if (verb === 'set') return await askKeytar(wanted);

  // An item can be locked in an open collection: KeePassXC confirms each access, if told to.
  const item = service.find(SERVICE, account);
  if (item === 'absent') return verb === 'get' ? { value: null } : { done: false };
  if (item === 'locked' && !mayAsk) throw new Refused('locked');
  const answer = await askKeytar(wanted);
  if ('value' in answer ? answer.value === null : 'done' in answer && !answer.done)
    throw new Refused('dismissed');
  return answer;
}

async function askKeytar({ do: verb, account, value = '' }: Request): Promise<Answer> {
  say('reached');
  const { default: keytar } = await import('keytar');
  if (verb === 'delete') return { done: await keytar.deletePassword(SERVICE, account) };
  if (verb !== 'set') return { value: await keytar.getPassword(SERVICE, account) };
  await keytar.setPassword(SERVICE, account, value);
  return { done: true };
}

// Of macOS: errSecInteractionNotAllowed (-25308), as over SSH, and errSecUserCanceled (-128).
function foreign({ message }: Error): Refused {
  if (/interaction is not allowed/i.test(message)) return new Refused('locked', message);
  if (/cancell?ed/i.test(message)) return new Refused('dismissed', message);
  return new Refused('failed', message);
}

// Synchronous, so that it is out before anything that can block.
function say(what: Step | Answer): void {
  writeSync(1, `${JSON.stringify(what)}\n`);
}
