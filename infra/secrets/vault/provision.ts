import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Vault } from './vault.js';

/** One thing that a server must have, and whether it had it. */
export interface Provision {
  readonly what: string;
  readonly done: 'made' | 'changed' | 'as it was' | 'missing';
  /** What a person must do or know. */
  readonly note: string;
}

/** Writes a policy that lies beside this program. */
export async function writePolicy(vault: Vault, name: string, file: string): Promise<Provision> {
  const policy = readFileSync(policyFile(file), 'utf8');
  const path = `sys/policies/acl/${name}`;
  const known = await vault.find(path);
  const what = `policy ${name}`;
  if (known?.data['policy'] === policy) return { what, done: 'as it was', note: '' };
  await vault.call(path, { body: { policy }, repeatable: true });
  return { what, done: known ? 'changed' : 'made', note: '' };
}

/** A kind of programs: how long what they sign in with lasts, and what they get. */
export interface RoleOptions {
  readonly secretIdDays: number;
  /** Tokens are prolonged by so much without an end; otherwise they are for the moment. */
  readonly periodSeconds?: number;
}

/** Writes a role of AppRole that has the policy of its name. */
export async function writeRole(
  vault: Vault,
  name: string,
  { secretIdDays, periodSeconds = 0 }: RoleOptions,
): Promise<Provision> {
  const path = `auth/approle/role/${name}`;
  const wanted = {
    token_policies: [name],
    token_period: periodSeconds,
    token_ttl: periodSeconds > 0 ? 0 : 600,
    token_max_ttl: periodSeconds > 0 ? 0 : 3_600,
    secret_id_ttl: secretIdDays * 86_400,
    secret_id_num_uses: 0,
    bind_secret_id: true,
  };
  const known = await vault.find(path);
  const isSame = Object.entries(wanted).every(
    ([key, value]) => JSON.stringify(known?.data[key]) === JSON.stringify(value),
  );
  if (!isSame) await vault.call(path, { body: wanted, repeatable: true });
  const { data } = await vault.call(`${path}/role-id`);
  const done = known ? (isSame ? 'as it was' : 'changed') : 'made';
  return { what: `role ${name}`, done, note: `role id ${String(data['role_id'])}` };
}

/** The policy beside this program's sources: what is built lies below `dist`. */
function policyFile(file: string): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const places = [
    join(here, '..', file),
    join(here, '..', '..', '..', '..', 'infra', 'secrets', file),
  ];
  return places.find((place) => existsSync(place)) ?? file;
}
