/** The names of the marks of open vaults: client and daemon look at the same folder. */
import { PROFILE_NAME } from './profile-name.ts';

/** `<profile>.<16 hex digits that stand for its data folder>`: a profile may have had several. */
const NAME = /^(.+)\.[0-9a-f]{16}$/;

/** The profile of the mark with this file name; undefined for any other file. */
export function profileOfMark(fileName: string): string | undefined {
  const [, profile = ''] = NAME.exec(fileName) ?? [];
  return PROFILE_NAME.test(profile) ? profile : undefined;
}
