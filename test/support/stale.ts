/** What a killed daemon leaves in its runtime folder. */
import { lstatSync, renameSync } from 'node:fs';
import { createServer } from 'node:net';

/** For a lock file that a killed process left: Linux gives no pid above 4194304. */
export const NOBODYS_PID = 4_194_305;

/** A socket file as a killed process leaves it, in the place of whatever is there. */
export async function leaveStaleSocket(path: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(`${path}.moved`, resolve));
  // Closing removes only what still has the name.
  renameSync(`${path}.moved`, path);
  await new Promise((resolve) => server.close(resolve));
  if (!lstatSync(path).isSocket()) throw new Error(`${path} is no socket`);
}
