import { statSync } from 'node:fs';
import { dirname } from 'node:path';

/** How to run a program of PostgreSQL, which refuses to run as root. */
export interface Identity {
  readonly command: (program: string, args: readonly string[]) => [string, string[]];
  readonly uid?: number;
  readonly gid?: number;
}

const NOBODY = 65534;

const myself: Identity = { command: (program, args) => [program, [...args]] };

const nobody: Identity = { ...myself, uid: NOBODY, gid: NOBODY };

/** Root inside a user namespace is not root to PostgreSQL, and still reaches root's own folders. */
const namespaced: Identity = {
  command: (program, args) => [
    'unshare',
    ['-U', '--map-user=1000', '--map-group=1000', program, ...args],
  ],
};

/**
 * The identity that can work in the folders: an ordinary user is itself; root becomes `nobody`
 * where every folder on the way lets others pass, else enters a user namespace.
 *
 * @param data the data folder; when it exists, its owner decides
 */
export function chooseIdentity(binaries: string, data: string): Identity {
  if (process.getuid?.() !== 0) return myself;
  const owner = statSync(data, { throwIfNoEntry: false })?.uid;
  if (owner === 0) return namespaced;
  if (owner !== undefined) return { ...myself, uid: owner, gid: statSync(data).gid };
  return othersPass(binaries) && othersPass(dirname(data)) ? nobody : namespaced;
}

function othersPass(folder: string): boolean {
  for (let path = folder; ; path = dirname(path)) {
    if ((statSync(path).mode & 0o001) === 0) return false;
    if (path === dirname(path)) return true;
  }
}
