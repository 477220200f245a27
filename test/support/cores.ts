/** Core files, where a system writes them. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** For a shell: what runs after it may leave cores as large as the system allows. */
export const WITH_CORES = 'ulimit -S -c "$(ulimit -H -c)"';

/** Whether a program that is ended by SIGABRT leaves a core here, where it may: Linux only. */
export function leavesCores(): boolean {
  if (process.platform !== 'linux') return false;
  const cwd = mkdtempSync(join(tmpdir(), 'bwh-'));
  const script = `${WITH_CORES}; sh -c 'kill -ABRT $$'; true`;
  const { stderr } = spawnSync('sh', ['-c', script], { encoding: 'utf8', cwd });
  rmSync(cwd, { recursive: true });
  return stderr.includes('core dumped');
}
