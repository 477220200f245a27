import * as v from 'valibot';
import { expect, test } from 'vitest';
import { audited } from '../../../daemon/audited.ts';
import type { AuditLine } from '../../../shared/audit.ts';
import type { Handlers } from '../../../shared/channel.ts';
import { failure } from '../../../shared/errors.ts';
import { type ToDaemon, toDaemon } from '../../../shared/protocol.ts';
import { handlersOf } from '../../support/handlers.ts';
import { standIn } from '../../support/stand-in-caller.ts';

function recording(given: Partial<Handlers<ToDaemon>>) {
  const lines: Omit<AuditLine, 'at'>[] = [];
  const audit = { record: (line: Omit<AuditLine, 'at'>) => lines.push(line), problem: () => '' };
  const caller = { ...standIn('pts/3'), pid: undefined };
  const handlers = audited(handlersOf(toDaemon, given), {
    audit,
    caller,
  });
  return { handlers, lines };
}

const WHO = { profile: 'default', caller: { uid: 1_000, label: 'pts/3' } };

test('what was granted is recorded before the answer leaves, without the answer', async () => {
  const { handlers, lines } = recording({ 'session.get': () => ({ key: 'hunter2' }) });
  const answer = Promise.resolve(handlers['session.get']({ idleMs: 5_000 }));
  const seen = answer.then(() => [...lines]);
  expect(await answer).toEqual({ key: 'hunter2' });
  expect(await seen).toEqual([{ what: 'session.get', outcome: 'granted', ...WHO }]);
});

test('what was refused is recorded by the name of its error, and stays that error', async () => {
  const refused = failure('vault-locked');
  const { handlers, lines } = recording({
    'session.get': async () => {
      throw refused;
    },
  });
  await expect(handlers['session.get']({})).rejects.toBe(refused);
  expect(lines).toEqual([
    { what: 'session.get', outcome: 'refused', error: 'vault-locked', ...WHO },
  ]);
});

test('of the parameters only those that are fit for it are recorded', async () => {
  const { handlers, lines } = recording({
    'secret.set': () => ({ where: '/somewhere' }),
    'secret.answer': () => ({ value: 'hunter2' }),
  });
  await handlers['secret.set']({ clientId: 'user.x', clientSecret: 'hunter2' });
  await handlers['secret.answer']({ what: 'client-secret' });
  expect(lines.map(({ what, params }) => [what, params])).toEqual([
    ['secret.set', undefined],
    ['secret.answer', { what: 'client-secret' }],
  ]);
});

test('looking leaves no line', async () => {
  const { handlers, lines } = recording({
    'daemon.info': () => ({ pid: 1, uptimeMs: 1, live: false }),
  });
  await handlers['daemon.info']({});
  expect(lines).toEqual([]);
});

test('every method leaves a line but those that only look, talk, or change the settings', () => {
  const without = Object.entries(toDaemon)
    .filter(([, { traits }]) => traits.audited === undefined)
    .map(([name]) => name);
  expect(without.toSorted()).toEqual([
    'config.check',
    'config.get',
    'config.list',
    'config.path',
    'config.set',
    'config.unset',
    'daemon.info',
    'hello',
    'profile.add',
    'profile.list',
    'prompt.activity',
    'secret.status',
    'session.status',
  ]);
});

test('no parameter that is recorded takes free text', () => {
  for (const [name, { params, traits }] of Object.entries(toDaemon)) {
    const entries = 'entries' in params ? params.entries : {};
    for (const param of traits.audited ?? []) {
      const schema = (entries as Record<string, v.GenericSchema>)[param];
      expect([name, param, schema && v.is(schema, 'Whatever was typed: s3cret')]).toEqual([
        name,
        param,
        false,
      ]);
    }
  }
});
