import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askpassProgram, createAskpass } from '../../../../client/prompt/askpass.ts';
import { SECRET_BYTES } from '../../../../shared/limits.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'askpass-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** An askpass program of these lines of shell. */
function program(name: string, lines: string, mode = 0o700): string {
  const file = join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${lines}\n`, { mode });
  return file;
}

const { signal: never } = new AbortController();

function ask(file: string, env: Record<string, string> = {}, signal = never): Promise<string> {
  const asker = createAskpass(process, file, { PATH: process.env.PATH, ...env });
  return asker.secret({ prompt: 'Master password:' }, signal).then((secret) => secret.reveal());
}

describe('which program asks', () => {
  const both = { BW_HELPER_ASKPASS: '/ours', SSH_ASKPASS: '/ssh' };
  test.each([
    ['ours, with a terminal', both, true, '/ours'],
    ['ours, without', both, false, '/ours'],
    ["ssh's, where there is no terminal", { SSH_ASKPASS: '/ssh' }, false, '/ssh'],
    ['none, where there is one', { SSH_ASKPASS: '/ssh' }, true, undefined],
    ['none, where neither is set', {}, false, undefined],
    [
      'none, where they are set to nothing',
      { BW_HELPER_ASKPASS: '', SSH_ASKPASS: '' },
      false,
      undefined,
    ],
  ])('%s', (_, env, hasTerminal, file) => {
    expect(askpassProgram(env, hasTerminal)).toBe(file);
  });
});

describe('an askpass program', () => {
  test('gets the prompt as its one argument and answers with its first line', async () => {
    const file = program('echoes', `echo "$#:$1:x"; echo more`);
    expect(await ask(file)).toBe('1:Master password::x');
  });

  test('may answer without a newline', async () => {
    expect(await ask(program('no-newline', 'printf "hünter2 🐎"'))).toBe('hünter2 🐎');
  });

  test('is found by PATH', async () => {
    program('found-by-path', 'echo hunter2');
    expect(await ask('found-by-path', { PATH: `${folder}:${process.env.PATH}` })).toBe('hunter2');
  });

  test('inherits the environment without the secrets in it', async () => {
    const answer = await ask(
      program('env', `env | grep -E "^(BW_|DISPLAY)" | sort | tr "\\n" " "`),
      {
        DISPLAY: ':0',
        BW_SESSION: 'k',
        BW_CLIENTID: 'i',
        BW_CLIENTSECRET: 's',
        BW_PASSWORD: 'p',
        BW_HELPER_ASKPASS: '/x',
      },
    );
    expect(answer).toBe('BW_HELPER_ASKPASS=/x DISPLAY=:0 ');
  });

  test('is asked twice for a new secret, until both answers are alike', async () => {
    const count = join(folder, 'count');
    // The second answer differs, those after it do not.
    const lines = `echo x >> ${count}; n=$(wc -l < ${count}); [ $n -eq 2 ] && echo other || echo new`;
    const asker = createAskpass(process, program('counts', lines), { PATH: process.env.PATH });
    const secret = await asker.secret({ prompt: 'Choose:', confirm: true }, never);
    expect(secret.reveal()).toBe('new');
    expect(readFileSync(count, 'utf8')).toBe('x\nx\nx\nx\n');
  });

  test('that never says the same twice is given up', async () => {
    const file = program('differs', 'echo $$');
    const asker = createAskpass(process, file, { PATH: process.env.PATH });
    await expect(asker.secret({ prompt: 'Choose:', confirm: true }, never)).rejects.toThrow(
      'differed each time',
    );
  });

  test('cancels with exit code 1 and no answer', async () => {
    const cancelled = { row: { name: 'prompt-cancelled' } };
    await expect(ask(program('cancels', 'exit 1'))).rejects.toMatchObject(cancelled);
  });

  test.each([
    ['prints before it fails', 'echo hunter2; exit 1', 'exit code 1'],
    ['fails', 'exit 3', 'exit code 3'],
    ['is killed', 'kill -9 $$', 'ended by SIGKILL'],
    ['prints nothing', 'exit 0', 'it printed nothing'],
    ['prints an empty line', 'echo', 'it printed nothing'],
    ['prints too much', `head -c ${SECRET_BYTES + 1} /dev/zero`, 'a line of more than 4096 bytes'],
    ['prints without end', `yes | tr -d '\\n'`, 'a line of more than 4096 bytes'],
    ['prints what is no text', `printf '\\344\\n'`, 'is not UTF-8'],
  ])('that %s is named with its problem', async (name, lines, problem) => {
    const file = program(name.replaceAll(' ', '-'), lines);
    await expect(ask(file)).rejects.toMatchObject({
      row: { name: 'askpass-failed', says: expect.stringContaining(problem) },
    });
    await expect(ask(file)).rejects.toThrow(file);
  });

  test('that is not there, or not executable, is named', async () => {
    await expect(ask(join(folder, 'absent'))).rejects.toThrow(/absent .*: it was not found\./);
    const file = program('plain', 'echo hunter2', 0o600);
    await expect(ask(file)).rejects.toThrow(/plain .*: it is not executable\./);
  });

  test('is ended when the question is withdrawn', async () => {
    const started = join(folder, 'started');
    const file = program('waits', `echo $$ > ${started}; exec sleep 600`);
    const withdrawn = new AbortController();
    const answer = ask(file, {}, withdrawn.signal);
    answer.catch(() => {});
    const pid = await numberIn(started);
    withdrawn.abort(new Error('somebody else answered'));
    await expect(answer).rejects.toThrow('somebody else answered');
    await expect.poll(() => alive(pid), { timeout: 30_000 }).toBe(false);
  });

  test('is ended when nobody answers it', async () => {
    const asker = createAskpass(process, program('sleeps', 'exec sleep 600'), process.env, 20);
    await expect(asker.secret({ prompt: 'Master password:' }, never)).rejects.toMatchObject({
      row: { name: 'prompt-timeout' },
    });
  });

  test('is not started for a question that is withdrawn already', async () => {
    const started = join(folder, 'never-started');
    const file = program('leaves-mark', `touch ${started}; echo hunter2`);
    await expect(ask(file, {}, AbortSignal.abort(new Error('late')))).rejects.toThrow('late');
    expect(() => readFileSync(started)).toThrow('ENOENT');
  });
});

async function numberIn(file: string): Promise<number> {
  const read = () => {
    try {
      return Number(readFileSync(file, 'utf8'));
    } catch {
      return 0;
    }
  };
  await expect.poll(read, { timeout: 30_000 }).toBeGreaterThan(0);
  return read();
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
