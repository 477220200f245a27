/** Reaches the daemon: on its socket, after a look that folder and socket are ours alone. */
import { lstatSync, type Stats, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { aboveProblem, folderProblem, socketProblem } from '../shared/boundary.ts';
import { type Failure, failure } from '../shared/errors.ts';
import type { Context } from './context.ts';

/**
 * A connected socket; `absent` where no daemon listens, `busy` where it cannot take us now: it has too
 * many, or it was killed before it took us.
 */
export async function tryConnect(context: Context): Promise<Socket | 'absent' | 'busy'> {
  if (context.platform === 'win32') {
    const { reachPipe } = await import('./pipe.ts');
    return await reachPipe(context.paths, (pipe) => connectTo(context, pipe));
  }
  return checkBoundary(context) ? await connectTo(context, context.paths.socket) : 'absent';
}

function connectTo(context: Context, address: string): Promise<Socket | 'absent' | 'busy'> {
  return new Promise((resolve, reject) => {
    const socket = connect(address);
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') resolve('absent');
      else if (error.code === 'EAGAIN' || error.code === 'ECONNRESET') resolve('busy');
      else reject(unsafe(context, `the socket cannot be used (${error.code})`));
    });
  });
}

/** False where there is nothing yet; throws where what is there is not ours alone. */
function checkBoundary(context: Context): boolean {
  const folder = look(context, context.paths.runtime);
  if (!folder) return false;
  const there = look(context, context.paths.socket);
  const problem =
    folderProblem(folder, context.uid) ??
    aboveProblem(statSync(dirname(context.paths.runtime)), context.uid) ??
    (there && socketProblem(there, context.uid));
  if (problem) throw unsafe(context, problem);
  return there !== undefined;
}

function look(context: Context, path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    // ENOTDIR or EACCES: XDG_RUNTIME_DIR points to something odd.
    throw unsafe(context, `${path} cannot be looked at (${(error as NodeJS.ErrnoException).code})`);
  }
}

function unsafe({ paths }: Context, problem: string): Failure {
  return failure('runtime-folder-unsafe', { folder: paths.runtime, problem });
}
