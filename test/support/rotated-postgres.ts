import { readFileSync } from 'node:fs';
import { clientTo } from '#kernel';
import type { OwnServer } from './server.js';

/** One statement, or several, as whom a URL says. */
export async function askPostgres(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = clientTo(url);
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(sql);
    return rows;
  } finally {
    await client.end();
  }
}

export function superuserOf(postgres: OwnServer): string {
  return postgres.urls.owner.replace('ofitec_owner', 'postgres');
}

/**
 * Makes the logins that take turns, and who rotates them, as `infra/postgresql/rotation.sql` does.
 *
 * @returns the rotator's URL
 */
export async function letRotate(postgres: OwnServer, password = 'rotates'): Promise<string> {
  const superuser = superuserOf(postgres);
  await askPostgres(superuser, readFileSync('infra/postgresql/rotation.sql', 'utf8'));
  await askPostgres(superuser, `ALTER ROLE ofitec_rotator PASSWORD '${password}'`);
  const admin = new URL(postgres.urls.owner);
  [admin.username, admin.password] = ['ofitec_rotator', password];
  return admin.href;
}

/** Makes who makes logins for Vault, as `infra/postgresql/leases.sql` does. @returns its password */
export async function letLease(postgres: OwnServer, password = 'leases'): Promise<string> {
  const superuser = superuserOf(postgres);
  await askPostgres(superuser, readFileSync('infra/postgresql/leases.sql', 'utf8'));
  await askPostgres(superuser, `ALTER ROLE ofitec_leaser PASSWORD '${password}'`);
  return password;
}
