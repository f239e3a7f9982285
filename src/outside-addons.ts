import { isAbsolute, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Addon } from '#kernel';

/**
 * Loads the addons that `OFITEC_ADDONS` names: npm packages, or files by a path that begins with
 * `.` or `/`. The default export is the addon.
 *
 * @throws Error that names the entry and what is wrong with it
 */
export async function loadOutsideAddons(names: readonly string[]): Promise<Addon[]> {
  return Promise.all(names.map((name) => loadOne(name)));
}

async function loadOne(name: string): Promise<Addon> {
  const isFile = name.startsWith('.') || isAbsolute(name);
  const specifier = isFile ? pathToFileURL(resolve(name)).href : name;
  let loaded: { default?: unknown };
  try {
    loaded = (await import(specifier)) as { default?: unknown };
  } catch (error) {
    throw new Error(`OFITEC_ADDONS: ${name} cannot be loaded: ${(error as Error).message}`, {
      cause: error,
    });
  }
  if (!isAddon(loaded.default)) {
    throw new Error(`OFITEC_ADDONS: the default export of ${name} is not made by defineAddon.`);
  }
  return loaded.default;
}

function isAddon(value: unknown): value is Addon {
  return typeof value === 'object' && value !== null && 'name' in value && 'depends' in value;
}
