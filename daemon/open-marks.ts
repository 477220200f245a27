/**
 * A mark on the disk for each vault that is open: a daemon that is killed cannot lock, so the next one
 * does it for it. Also over a restart of the machine, which the session in data.json outlives.
 */
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toFailure } from '../shared/errors.ts';
import { PROFILE_NAME } from '../shared/profile-name.ts';
import type { Audit } from './audit.ts';
import { codeOf } from './file-calls.ts';
import type { Log } from './log.ts';
import { makeFolder } from './make-folder.ts';
import type { Claims } from './vault/claim.ts';
import type { DataFile } from './vault/data-file.ts';
import { slot, withSlotOf } from './vault/layout.ts';
import { layoutOf } from './vault/layouts.ts';

interface OpenMark {
  readonly profile: string;
  readonly dataDir: string;
}

export interface OpenMarks {
  /** Before the vault is open. A disk that fails is logged and stops nobody. */
  set(mark: OpenMark): void;
  /** Once it is locked. */
  clear(profile: string): void;
  /** Those that stand there. */
  all(): OpenMark[];
}

export function openMarks(folder: string, log: Log): OpenMarks {
  const fileOf = (profile: string) => join(folder, profile);
  function careful(act: () => void): void {
    try {
      act();
    } catch (thrown) {
      log.warn('mark of an open vault not written', { code: codeOf(thrown) });
    }
  }
  return {
    set: ({ profile, dataDir }) =>
      careful(() => {
        makeFolder(folder);
        // Not in there, as each file there tells of an open vault; an empty one would tell of none.
        const aside = `${folder}.new`;
        writeFileSync(aside, dataDir, { mode: 0o600 });
        renameSync(aside, fileOf(profile));
      }),
    clear: (profile) => careful(() => rmSync(fileOf(profile), { force: true })),
    all() {
      try {
        return readdirSync(folder)
          .filter((profile) => PROFILE_NAME.test(profile))
          .map((profile) => ({ profile, dataDir: readFileSync(fileOf(profile), 'utf8') }));
      } catch {
        return [];
      }
    },
  };
}

export interface LeftOpenParts {
  readonly marks: OpenMarks;
  readonly claims: Claims;
  readonly dataFile: (folder: string) => DataFile;
  readonly log: Log;
  readonly audit: Audit;
}

/**
 * Locks what a killed daemon has left open, whoever's session stands there by now; what another living
 * daemon serves is left alone. Never throws: what could not be locked keeps its mark.
 */
export async function lockLeftOpen(parts: LeftOpenParts): Promise<void> {
  const { marks, claims, dataFile, log, audit } = parts;
  for (const { profile, dataDir } of marks.all()) {
    try {
      // Claiming would make it anew.
      if (!existsSync(dataDir)) {
        marks.clear(profile);
        continue;
      }
      claims.claim(profile, dataDir);
      const locked = await dataFile(dataDir).update((json) =>
        layoutOf(json) && slot(json) !== undefined ? withSlotOf(json, {}) : undefined,
      );
      marks.clear(profile);
      log.warn('a daemon was killed', { profile, leftOpen: locked });
      if (locked) audit.record({ what: 'session.end', outcome: 'ended', why: 'killed', profile });
    } catch (thrown) {
      log.warn('vault left open by a killed daemon', { profile, error: toFailure(thrown).name });
    } finally {
      claims.release(profile);
    }
  }
}
