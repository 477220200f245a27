/** What makes a folder or a socket ours alone; both sides ask before they trust one. */

/** The part of lstat's answer that matters. */
export interface Ownership {
  readonly uid: number;
  readonly mode: number;
  isDirectory(): boolean;
  isSocket(): boolean;
}

/** What is wrong with the runtime folder for user `uid`; undefined where it is safe. */
export function folderProblem(stat: Ownership, uid: number): string | undefined {
  if (!stat.isDirectory()) return 'it is not a folder';
  if (stat.uid !== uid) return ofAnother(stat.uid, uid);
  if (stat.mode & 0o077) return `its mode is 0${(stat.mode & 0o777).toString(8)}, it must be 0700`;
  return undefined;
}

/**
 * What is wrong with the folder above it for user `uid`: whoever can rename in there can put another
 * folder in the place of ours between the look and the connection.
 */
export function aboveProblem(stat: Ownership, uid: number): string | undefined {
  if (stat.uid !== uid && stat.uid !== 0) return `the folder above it belongs to user ${stat.uid}`;
  if (stat.mode & 0o022 && !(stat.mode & 0o1000))
    return 'others may rename in the folder above it, which has no sticky bit';
  return undefined;
}

/** What is wrong with the socket for user `uid`; undefined where it is safe. */
export function socketProblem(stat: Ownership, uid: number): string | undefined {
  if (!stat.isSocket()) return 'what stands in the place of the socket is not a socket';
  if (stat.uid !== uid) return `its socket belongs to user ${stat.uid}`;
  return undefined;
}

/** Whether `/run/user/<uid>`, the place that a login session gets on Linux, is there and ours alone. */
export function hasRunUser(
  lstat: (path: string, options: { throwIfNoEntry: false }) => Ownership | undefined,
  uid: number,
): boolean {
  const stat = lstat(`/run/user/${uid}`, { throwIfNoEntry: false });
  return stat !== undefined && folderProblem(stat, uid) === undefined;
}

/** For user `uid`, of what belongs to `owner`; no full stop at its end. */
export function ofAnother(owner: number, uid: number): string {
  return `it belongs to user ${owner}${uid === 0 ? ', and you are root: run helper without sudo' : ''}`;
}
