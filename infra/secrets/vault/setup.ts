import { setTimeout as sleep } from 'node:timers/promises';
import { readJson } from '../json-file.js';
import { writePolicy, writeRole } from './provision.js';
import type { Provision } from './provision.js';
import type { Vault } from './vault.js';
import { isTrouble, VaultFault } from './vault-fault.js';

/** As many versions as ten years of monthly rotations: an earlier password opens an earlier backup. */
const MAX_VERSIONS = 120;

/** A host's token lives for the moment in which secrets are rendered. */
const ROLES = {
  'ofitec-reader': { policy: 'policy.hcl', secretIdDays: 40 },
  'ofitec-rotator': { policy: 'policies/ofitec-rotator.hcl', secretIdDays: 40 },
  'ofitec-doctor': { policy: 'policies/ofitec-doctor.hcl', secretIdDays: 400 },
  'ofitec-door': { policy: 'policies/ofitec-door.hcl', secretIdDays: 400 },
  'ofitec-totp': { policy: 'policies/ofitec-totp.hcl', secretIdDays: 40 },
} as const;

/** Kinds of programs that may be given a secret id. */
export const ROLE_NAMES: readonly string[] = [...Object.keys(ROLES), 'ofitec-lease'];

/** A server shortens what lasts longer than its mount allows, which is 32 days unless it is told. */
const LONGEST_SECONDS = Math.max(...Object.values(ROLES).map((role) => role.secretIdDays)) * 86_400;

/**
 * Gives a server what OFITEC needs: the KV v2 engine, sign-in of programs, a policy and a role for each
 * kind of program. What is there already stays as it is, so that it may be run at any time.
 *
 * @param vault with a token that may administer it
 */
export async function setUp(vault: Vault): Promise<Provision[]> {
  const provisions = [await mountKv(vault), await mountTotp(vault), await enableAppRole(vault)];
  for (const [name, { policy }] of Object.entries(ROLES)) {
    provisions.push(await writePolicy(vault, name, policy));
  }
  for (const [name, { secretIdDays }] of Object.entries(ROLES)) {
    provisions.push(await writeRole(vault, name, { secretIdDays }));
  }
  provisions.push(await demandAudit(vault));
  return provisions;
}

interface SignInOptions {
  readonly mount: string;
  readonly kind: 'jwt' | 'kubernetes';
  /** As Vault's API of that kind takes it. */
  readonly config: object;
  /** Whom it lets in: what is bound, and for how long. The policy is the reader's. */
  readonly role: object;
}

/** Lets the pods of Kubernetes, or the holders of signed tokens, sign in as one of the roles. */
export async function setUpJwt(vault: Vault, options: SignInOptions): Promise<Provision> {
  const { mount, kind, config, role } = options;
  const { data } = await vault.call('sys/auth');
  if (!(`${mount}/` in data)) await vault.call(`sys/auth/${mount}`, { body: { type: kind } });
  await vault.call(`auth/${mount}/config`, { body: config, repeatable: true });
  const body = { ...role, token_policies: ['ofitec-reader'] };
  await vault.call(`auth/${mount}/role/ofitec-reader`, { body, repeatable: true });
  const isNew = !(`${mount}/` in data);
  return { what: `sign-in ${mount}`, done: isNew ? 'made' : 'changed', note: kind };
}

/** Reads the options of {@link setUpJwt}. @throws Error when they are none */
export function readSignIn(file: string): SignInOptions {
  const { kind, mount = kind, config, role } = (readJson(file) ?? {}) as Partial<SignInOptions>;
  const isKind = kind === 'jwt' || kind === 'kubernetes';
  if (!isKind || !mount || typeof config !== 'object' || typeof role !== 'object') {
    throw new Error(`${file} must hold kind (jwt or kubernetes), config and role.`);
  }
  return { kind, mount, config, role };
}

async function mountKv(vault: Vault): Promise<Provision> {
  const what = 'secrets engine kv';
  const { data } = await vault.call('sys/mounts');
  const known = data['kv/'] as { type?: string; options?: { version?: string } } | undefined;
  if (known && (known.type !== 'kv' || known.options?.version !== '2')) {
    throw new Error('At kv/ there is something else than KV version 2; OFITEC needs it there.');
  }
  if (!known) {
    const body = { type: 'kv', options: { version: '2' } };
    await vault.call('sys/mounts/kv', { body });
  }
  const config = { max_versions: MAX_VERSIONS, cas_required: true };
  const before = known ? (await vault.call('kv/config')).data : {};
  const isSame = Object.entries(config).every(([name, value]) => before[name] === value);
  if (!isSame) await configure(vault, config);
  const note = `${MAX_VERSIONS} versions, check-and-set demanded`;
  return { what, done: known ? (isSame ? 'as it was' : 'changed') : 'made', note };
}

/** A new engine refuses its configuration for the moment in which it sets itself up. */
async function configure(vault: Vault, body: object): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await vault.call('kv/config', { body, repeatable: true });
      return;
    } catch (error) {
      if (!isTrouble(error, 'refused') || tries >= 20) throw error;
      await sleep(250);
    }
  }
}

async function mountTotp(vault: Vault): Promise<Provision> {
  const what = 'secrets engine totp';
  const { data } = await vault.call('sys/mounts');
  if ('totp/' in data) return { what, done: 'as it was', note: '' };
  await vault.call('sys/mounts/totp', { body: { type: 'totp' } });
  return { what, done: 'made', note: 'authenticator apps before dashboards' };
}

async function enableAppRole(vault: Vault): Promise<Provision> {
  const what = 'sign-in approle';
  const config = { max_lease_ttl: `${LONGEST_SECONDS}s` };
  const { data } = await vault.call('sys/auth');
  const known = data['approle/'] as { config?: { max_lease_ttl?: number } } | undefined;
  if (!known) {
    await vault.call('sys/auth/approle', { body: { type: 'approle', config } });
    return { what, done: 'made', note: '' };
  }
  const isSame = (known.config?.max_lease_ttl ?? 0) >= LONGEST_SECONDS;
  if (!isSame) await vault.call('sys/auth/approle/tune', { body: config, repeatable: true });
  return { what, done: isSame ? 'as it was' : 'changed', note: '' };
}

async function demandAudit(vault: Vault): Promise<Provision> {
  const { data } = await vault.call('sys/audit');
  const names = Object.keys(data).sort();
  const what = 'audit device';
  if (names.length > 0) return { what, done: 'as it was', note: names.join(', ') };
  const note = 'declare one in the server’s own configuration: OpenBao takes none over its API';
  return { what, done: 'missing', note };
}

/** A wrapping that holds a new secret id of a role, to be opened once within its time. */
export async function wrapSecretId(
  vault: Vault,
  role: string,
  wrapSeconds: number,
): Promise<string> {
  const { wrap } = await vault.call(`auth/approle/role/${role}/secret-id`, {
    body: {},
    wrapSeconds,
  });
  const token = wrap?.['token'];
  if (typeof token !== 'string') throw new VaultFault('broken', 'Vault wrapped nothing.');
  return token;
}
