import { existsSync, readFileSync, rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Secret } from '../../../../shared/secret.ts';
import { nobody, open, person, place, plain, secretOf, slowPerson, stored } from './samples.ts';

test('asks nobody for what is not stored', async () => {
  expect(await open(place()).get('default', nobody)).toBeUndefined();
  expect(await open(await stored()).get('work', nobody)).toBeUndefined();
});

test('asks once in a life, and again after it was told to forget', async () => {
  const keychain = open(await stored());
  const { ask, asked } = person('right');
  await keychain.get('default', ask);
  await keychain.get('default', ask);
  await keychain.set('default', secretOf('new'), ask);
  expect(asked).toEqual(['open 1']);
  keychain.forget();
  await keychain.get('default', ask);
  expect(asked).toEqual(['open 1', 'open 1']);
});

test('asks again after a wrong passphrase, counting', async () => {
  const { ask, asked } = person('wrong', 'worse', 'right');
  expect(await plain(open(await stored()).get('default', ask))).toEqual('s3cret-Ω');
  expect(asked).toEqual(['open 1', 'open 2', 'open 3']);
});

test('three wrong passphrases end it, for reading and for storing, and nothing changes', async () => {
  const file = await stored();
  const before = readFileSync(file, 'utf8');
  const { ask, asked } = person('wrong');
  const keychain = open(file);
  await expect(keychain.get('default', ask)).rejects.toMatchObject({ name: 'wrong-passphrase' });
  await expect(keychain.set('work', secretOf(), ask)).rejects.toMatchObject({
    name: 'wrong-passphrase',
  });
  expect(asked).toHaveLength(6);
  expect(readFileSync(file, 'utf8')).toBe(before);
});

test('an empty new passphrase is asked for again, three times at most', async () => {
  const file = place();
  const { ask, asked } = person('', '', 'right');
  await open(file).set('default', secretOf(), ask);
  expect(asked).toEqual(['create 1', 'create 2', 'create 3']);
  expect(await plain(open(file).get('default', person('right').ask))).toBeDefined();

  const other = place();
  const silent = person('');
  await expect(open(other).set('default', secretOf(), silent.ask)).rejects.toMatchObject({
    name: 'prompt-cancelled',
  });
  expect(silent.asked).toHaveLength(3);
  expect(existsSync(other)).toBe(false);
});

test('wipes every passphrase it was given', async () => {
  const file = place();
  const creator = person('', 'right');
  await open(file).set('default', secretOf(), creator.ask);
  const opener = person('wrong', 'right');
  await open(file).get('default', opener.ask);
  expect([...creator.given, ...opener.given].map((secret) => secret.empty)).toEqual(
    Array(4).fill(true),
  );
});

test('passes on what kept the person from answering', async () => {
  const keychain = open(await stored());
  await expect(keychain.get('default', nobody)).rejects.toMatchObject({ name: 'keychain-locked' });
  expect(await plain(keychain.get('default', person('right').ask))).toBeDefined();
});

test('many at once share one prompt', async () => {
  const keychain = open(await stored());
  const first = slowPerson();
  const others = person('right');
  const gets = [first.ask, others.ask, others.ask, others.ask].map((ask) =>
    plain(keychain.get('default', ask)),
  );
  await first.begun;
  first.answer('right');
  expect(await Promise.all(gets)).toEqual(Array(4).fill('s3cret-Ω'));
  expect(others.asked).toEqual([]);
});

test('when the one asked does not answer, the next who waits is asked, one at a time', async () => {
  const keychain = open(await stored());
  const first = slowPerson();
  const others = person('right');
  const lost = keychain.get('default', first.ask);
  const gets = [others.ask, others.ask].map((ask) => plain(keychain.get('default', ask)));
  await first.begun;
  first.refuse();
  await expect(lost).rejects.toMatchObject({ name: 'prompt-cancelled' });
  expect(await Promise.all(gets)).toEqual(Array(2).fill('s3cret-Ω'));
  expect(others.asked).toEqual(['open 1']);
});

test('three wrong passphrases end it for all who wait', async () => {
  const keychain = open(await stored());
  const first = person('wrong');
  const others = person('right');
  const gets = [first.ask, others.ask].map((ask) => keychain.get('default', ask));
  const ends = await Promise.allSettled(gets);
  expect(ends.map((end) => end.status === 'rejected' && end.reason.name)).toEqual(
    Array(2).fill('wrong-passphrase'),
  );
  expect(others.asked).toEqual([]);
});

test('who can ask nobody does not wait for somebody else', async () => {
  const keychain = open(await stored());
  const first = slowPerson();
  const slow = plain(keychain.get('default', first.ask));
  await first.begun;
  await expect(keychain.get('default', nobody)).rejects.toMatchObject({ name: 'keychain-locked' });
  first.answer('right');
  expect(await slow).toBeDefined();
});

test('two that store into a new file at once share one prompt, and both are there', async () => {
  const file = place();
  const keychain = open(file);
  const { ask, asked } = person('right');
  await Promise.all([
    keychain.set('default', secretOf('one'), ask),
    keychain.set('work', secretOf('two'), ask),
  ]);
  expect(asked).toEqual(['create 1']);
  const again = open(file);
  expect(await plain(again.get('default', person('right').ask))).toEqual('one');
  expect(await plain(again.get('work', nobody))).toEqual('two');
});

test('after the last entry is deleted the next one gets a new passphrase', async () => {
  const file = place();
  const keychain = open(file);
  const { ask, asked } = person('first', 'second');
  await keychain.set('default', secretOf(), ask);
  await keychain.delete('default', ask);
  await keychain.set('default', secretOf(), ask);
  expect(asked).toEqual(['create 1', 'create 1']);
  expect(await plain(open(file).get('default', person('second').ask))).toBeDefined();
});

test('a file restored with another passphrase is asked for', async () => {
  const file = await stored();
  const keychain = open(file);
  await keychain.get('default', person('right').ask);
  rmSync(file);
  await open(file).set('default', secretOf('restored'), person('old').ask);
  expect(await keychain.status('default')).toMatchObject({ locked: true });
  const { ask, asked } = person('old');
  expect(await plain(keychain.get('default', ask))).toEqual('restored');
  expect(asked).toEqual(['open 1']);
});

test('a file that changes while the person types is neither lost nor overwritten', async () => {
  const file = place();
  const keychain = open(file);
  const slow = slowPerson();
  const setting = keychain.set('default', secretOf('ours'), async (request) =>
    request.purpose === 'create' ? await slow.ask(request) : new Secret('theirs'),
  );
  await slow.begun;
  await open(file).set('work', secretOf('w'), person('theirs').ask);
  slow.answer('right');
  await setting;
  const after = open(file);
  expect(await plain(after.get('work', person('theirs').ask))).toEqual('w');
  expect(await plain(after.get('default', nobody))).toEqual('ours');
});

test('when the first write fails, the second try does not ask for the passphrase again', async () => {
  const file = place();
  let full = true;
  const keychain = open(file, {
    calls: {
      fsync: () => {
        if (full) throw Object.assign(new Error(), { code: 'ENOSPC' });
      },
    },
  });
  const { ask, asked } = person('right');
  await expect(keychain.set('default', secretOf(), ask)).rejects.toThrow('no space is left');
  expect(existsSync(file)).toBe(false);
  full = false;
  await keychain.set('default', secretOf(), ask);
  expect(asked).toEqual(['create 1']);
  expect(await plain(open(file).get('default', person('right').ask))).toBeDefined();
});
