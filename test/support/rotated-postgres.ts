import { readFileSync } from 'node:fs';
import { clientTo } from '#kernel';
import type { OpenBao } from './openbao.js';
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

/** Which logins of the application are let in with a password that any version in Vault knows. */
export async function usableLogins(bao: OpenBao): Promise<string[]> {
  const urls = new Set<string>();
  for (let version = 1; ; version += 1) {
    const { status, body } = await bao.call('GET', `kv/data/ofitec/prod?version=${version}`);
    if (status !== 200) break;
    const data = (body.data?.['data'] ?? {}) as Record<string, string>;
    urls.add(data['DATABASE_URL'] ?? '');
  }
  const users: string[] = [];
  for (const url of urls) {
    const isIn = await askPostgres(url, 'SELECT 1').then(
      () => true,
      () => false,
    );
    if (isIn) users.push(new URL(url).username);
  }
  return users;
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
