import { expect, test } from 'vitest';
import type { Question } from '../../../daemon/caller.ts';
import { createWaiters } from '../../../daemon/prompts.ts';
import { failure } from '../../../shared/errors.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { settle, standIn } from '../../support/stand-in-caller.ts';

const password: Question = { what: 'master-password', subject: 'alice', attempt: 1 };
const passphrase: Question = { what: 'passphrase', subject: 'file', attempt: 1 };

function group() {
  const clock = manualClock();
  return { clock, waiters: createWaiters<string>(clock) };
}

test('one person is asked, the others are told for whom they wait, and all get the outcome', async () => {
  const { waiters } = group();
  const people = ['pts/1', 'pts/2', 'pts/3'].map((label) => standIn(label));
  const outcomes = people.map((person) => waiters.join(person));
  const answer = waiters.ask(password);
  await settle();
  expect(people.map(({ asked }) => asked.length)).toEqual([1, 0, 0]);
  expect(people.map(({ waitsFor }) => waitsFor)).toEqual([[], ['pts/1'], ['pts/1']]);
  people[0]?.answer('right');
  expect((await answer).secret.reveal()).toBe('right');
  waiters.resolve('key');
  expect(await Promise.all(outcomes)).toEqual(['key', 'key', 'key']);
});

test('who comes while somebody is asked is told so', async () => {
  const { waiters } = group();
  waiters.join(standIn('pts/1')).catch(() => {});
  waiters.ask(password).catch(() => {});
  await settle();
  const late = standIn('pts/9');
  waiters.join(late).catch(() => {});
  expect(late.waitsFor).toEqual(['pts/1']);
  expect(late.asked).toEqual([]);
});

test('when the asked one leaves, the next is asked', async () => {
  const { waiters } = group();
  const [first, second] = [standIn('pts/1'), standIn('pts/2')];
  const lost = waiters.join(first);
  const kept = waiters.join(second);
  const answer = waiters.ask(password);
  await settle();
  first.leave();
  await expect(lost).rejects.toMatchObject({ name: 'prompt-cancelled' });
  await settle();
  second.answer('right');
  expect((await answer).secret.reveal()).toBe('right');
  waiters.resolve('key');
  expect(await kept).toBe('key');
});

test('when the asked one cancels, only it is told so', async () => {
  const { waiters } = group();
  const [first, second] = [standIn('pts/1'), standIn('pts/2')];
  const lost = waiters.join(first);
  waiters.join(second).catch(() => {});
  waiters.ask(password).catch(() => {});
  await settle();
  first.cancel();
  await expect(lost).rejects.toMatchObject({ name: 'prompt-cancelled' });
  await settle();
  expect(second.asked).toHaveLength(1);
});

test('who cannot be asked is refused at once, even while another is being asked', async () => {
  const { waiters } = group();
  waiters.join(standIn('pts/1')).catch(() => {});
  waiters.ask(password).catch(() => {});
  await expect(waiters.join(standIn('cron', []))).rejects.toMatchObject({ name: 'vault-locked' });
});

test('who said for how long waits for exactly that time', async () => {
  const { clock, waiters } = group();
  const patient = waiters.join(standIn('cron', []), 30_000);
  const early = await Promise.race([patient.catch(() => 'refused'), settle()]);
  clock.advance(29_999);
  await settle();
  expect(early).toBeUndefined();
  clock.advance(1);
  await expect(patient).rejects.toMatchObject({ name: 'vault-locked' });
});

test('a person who said for how long is not cut off at the prompt', async () => {
  const { clock, waiters } = group();
  const person = standIn('pts/1');
  const outcome = waiters.join(person, 5_000);
  const answer = waiters.ask(password);
  await settle();
  clock.advance(6_000);
  person.answer('right');
  expect((await answer).secret.reveal()).toBe('right');
  waiters.resolve('key');
  expect(await outcome).toBe('key');
});

test('who waits patiently gets the key of a person who comes later', async () => {
  const { waiters } = group();
  const patient = waiters.join(standIn('cron', []), 30_000);
  const answer = waiters.ask(password);
  await settle();
  const person = standIn('pts/1');
  waiters.join(person).catch(() => {});
  await settle();
  person.answer('right');
  await answer;
  waiters.resolve('key');
  expect(await patient).toBe('key');
});

test('a password from stdin never waits behind a person, who keeps the prompt meanwhile', async () => {
  const { waiters } = group();
  const person = standIn('pts/1');
  waiters.join(person).catch(() => {});
  const first = waiters.ask(password);
  await settle();
  const script = standIn('script', ['stdin']);
  const scripted = waiters.join(script);
  await settle();
  script.answer('from stdin');
  const answer = await first;
  expect(answer.secret.reveal()).toBe('from stdin');
  expect(answer.fromStdin).toBe(true);
  // It was wrong: the script is out, and the person's prompt is still the same one.
  answer.refuse(failure('wrong-password'));
  await expect(scripted).rejects.toMatchObject({ name: 'wrong-password' });
  const second = waiters.ask(password);
  await settle();
  person.answer('typed');
  expect((await second).secret.reveal()).toBe('typed');
  expect(person.asked).toHaveLength(1);
});

test('a password on stdin is no passphrase: with nobody else the keychain stays locked', async () => {
  const { waiters } = group();
  const script = waiters.join(standIn('script', ['stdin']));
  script.catch(() => {});
  await expect(waiters.ask(passphrase)).rejects.toMatchObject({ name: 'keychain-locked' });
  await expect(script).rejects.toMatchObject({ name: 'keychain-locked' });
});

test('a password from stdin that never comes holds up nobody once its giver has left', async () => {
  const { waiters } = group();
  const script = standIn('script', ['stdin']);
  const lost = waiters.join(script);
  const answer = waiters.ask(password);
  await settle();
  expect(script.asked).toHaveLength(1);
  waiters.reject(failure('prompt-cancelled'));
  await expect(lost).rejects.toMatchObject({ name: 'prompt-cancelled' });
  await expect(answer).rejects.toMatchObject({ name: 'vault-locked' });
});
