import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { findEmbedded, Home, joinEmbedded, kernelConfig, startEmbedded } from '#kernel';
import type { DatabaseUrls, EmbeddedDatabase, KernelConfig, Report } from '#kernel';
import type { Blueprint } from './bootstrap.js';

/** Where this process finds its database, and how it leaves it. */
export interface Place {
  readonly urls: DatabaseUrls;
  /** Present when the database is the embedded one. */
  readonly embedded: EmbeddedDatabase | null;
  leave(): Promise<void>;
}

/** The home of the embedded database, by `OFITEC_HOME` or `.ofitec` below the working folder. */
export function homeOf(config: KernelConfig): Home {
  return new Home(homePath(config));
}

/** Where that home is, or would be: looking makes no folder. */
export function homePath(config: KernelConfig): string {
  return resolve(config.OFITEC_HOME ?? '.ofitec');
}

/**
 * The database to work on: the one that `DATABASE_URL` names, or the embedded one.
 *
 * @param mode `own` holds the embedded home alone (the server); `join` also uses a running one
 */
export async function findPlace(
  config: KernelConfig,
  mode: 'own' | 'join',
  report: Report,
): Promise<Place> {
  if (config.DATABASE_URL) {
    const owner = config.DATABASE_OWNER_URL ?? config.DATABASE_URL;
    return {
      urls: { application: config.DATABASE_URL, owner },
      embedded: null,
      leave: async () => {},
    };
  }
  const home = homeOf(config);
  const embedded = await (mode === 'own' ? startEmbedded : joinEmbedded)(home, report);
  return { urls: embedded.urls, embedded, leave: () => embedded.stop() };
}

/**
 * The database as the application role, as it is: nothing is started for it.
 *
 * @throws Error when the embedded database does not run
 */
export async function applicationUrl(config: KernelConfig): Promise<string> {
  if (config.DATABASE_URL) return config.DATABASE_URL;
  const urls = existsSync(homePath(config)) ? await findEmbedded(homeOf(config)) : null;
  if (!urls) throw new Error('The embedded PostgreSQL does not run.');
  return urls.application;
}

/** The blueprint for a place: the embedded house has a `SECRET_KEY` of its own where none is given. */
export function settledIn(place: Place, blueprint: Blueprint): Blueprint {
  const { config, kernel } = blueprint;
  if (!place.embedded || kernel.SECRET_KEY) return blueprint;
  const withKey = config.with(kernelConfig, { SECRET_KEY: place.embedded.home.secretKey() });
  return { ...blueprint, config: withKey, kernel: withKey.of(kernelConfig) };
}
