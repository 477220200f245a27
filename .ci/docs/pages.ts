import { errorsPage } from './errors.ts';
import { withMethods } from './protocol.ts';
import { settingsPage } from './settings.ts';

/** Each generated page: what it is to be, from what it is now. */
export const pages: Readonly<Record<string, (before: string) => string>> = {
  'docs/errors.md': errorsPage,
  'docs/protocol.md': withMethods,
  'docs/settings.md': settingsPage,
};
