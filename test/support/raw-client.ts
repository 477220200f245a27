/** One request by the protocol, by hand and beside our own client. */
import { connectRaw, frame, HELLO, type Said } from './raw-connection.ts';

/** Asks the daemon at this socket, as a client that can't be asked anything. Rejects where it hangs up. */
export async function askRaw(socketPath: string, method: string, params = {}): Promise<Said> {
  const connection = await connectRaw(socketPath);
  connection.write(HELLO + frame({ id: 2, method, params }));
  const answer = await connection.answer(2);
  connection.close();
  if (!answer) throw new Error('The daemon hung up');
  return answer;
}
