import { readFileSync } from 'node:fs';
import { choice, Config, integer, text } from '#kernel/basics';
import type { ConfigValues } from '#kernel/basics';
import { Fields } from '../failover/dns/fields.js';
import { readJson } from './json-file.js';
import { readLease } from './lease/lease.config.js';
import type { LeaseConfig } from './lease/lease.config.js';
import { readRotations } from './rotate/rotations.config.js';
import type { Rotations } from './rotate/rotations.config.js';
import { readTargets } from './render/targets.config.js';
import type { Targets } from './render/targets.config.js';
import type { Proof } from './vault/sign-in.js';
import type { VaultAddress } from './vault/vault.js';

/** What the environment says; the rest is in the file that it names. */
export const secretsConfig = {
  VAULT_ADDR: text({ summary: 'Vault or OpenBao, https only; several servers by commas' }),
  VAULT_CACERT: text({ summary: 'file with the authority of its certificate, PEM' }),
  VAULT_NAMESPACE: text({ summary: 'namespace of Vault, if it has such' }),
  VAULT_CLIENT_TIMEOUT: integer({
    summary: 'seconds for which Vault is asked again while it does not answer',
    fallback: 15,
    min: 1,
    max: 600,
  }),
  VAULT_AUTH: choice({
    summary: 'how programs sign in to Vault; unset: by what is given',
    options: ['token', 'approle', 'jwt', 'kubernetes'],
  }),
  VAULT_AUTH_MOUNT: text({ summary: 'where that kind of sign-in is; its name unless told' }),
  VAULT_AUTH_ROLE: text({ summary: 'role at Vault; ofitec-reader unless told' }),
  VAULT_TOKEN: text({ summary: 'token of Vault, where programs do not sign in', secret: true }),
  VAULT_ROLE_ID: text({ summary: 'role id of AppRole' }),
  VAULT_SECRET_ID: text({ summary: 'secret id of AppRole', secret: true }),
  VAULT_WRAPPED_SECRET_ID: text({
    summary: 'token of a wrapping that holds the secret id, good once',
    secret: true,
  }),
  VAULT_JWT_FILE: text({ summary: 'file with the signed token of this pod or job' }),
  SECRETS_CONFIG: text({ summary: 'file that says what is rendered where, and what is rotated' }),
  SECRETS_PATH: text({ summary: 'where the secrets are, as kv/data/ofitec/prod' }),
};
type Variables = ConfigValues<typeof secretsConfig>;
type Environment = Readonly<Record<string, string | undefined>>;

const POD_TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token';
/** One request. */
const TIMEOUT_MS = 5_000;

/** Where Vault is and who we are there. */
export interface VaultAccess {
  readonly address: VaultAddress;
  readonly proof: Proof;
}

/** What the secrets of one installation are. */
export interface SecretsPlan {
  /** The document that holds them, as `kv/data/ofitec/prod`. */
  readonly path: string;
  readonly targets: Targets;
  readonly rotations: Rotations;
  /** A login that is borrowed instead of being rotated. */
  readonly lease: LeaseConfig | null;
  /** Folder into which alerts are spooled for the ERP to take; null: they are only printed. */
  readonly alertSpool: string | null;
  /** File to which every finished rotation adds its entry. */
  readonly runbook: string | null;
  /** Secrets older than so many days are to be rotated. */
  readonly maxAgeDays: number;
}

/** Faults of the configuration, all at once; none names a value. */
class SecretsMisconfigured extends Error {
  constructor(readonly faults: readonly string[]) {
    super(['Secrets are not configured:', ...faults.map((each) => `  · ${each}`)].join('\n'));
  }
}

/** @throws SecretsMisconfigured */
export function readVaultAccess(env: Environment): VaultAccess {
  const { config, faults } = Config.read([secretsConfig], env);
  const variables = config.of(secretsConfig);
  const urls = (variables.VAULT_ADDR ?? '').split(',').map((each) => each.trim());
  for (const url of urls) {
    if (url === '') faults.push('VAULT_ADDR is unset');
    // A token over plain http is anybody's.
    else if (URL.parse(url)?.protocol !== 'https:') faults.push('VAULT_ADDR must be https://…');
  }
  const ca = readCa(variables.VAULT_CACERT, faults);
  const proof = readProof(variables, faults);
  if (faults.length > 0 || !proof) throw new SecretsMisconfigured(faults);
  const { VAULT_NAMESPACE: namespace } = variables;
  const patienceMs = variables.VAULT_CLIENT_TIMEOUT * 1_000;
  return {
    address: {
      ...{ urls, timeoutMs: Math.min(TIMEOUT_MS, patienceMs), patienceMs },
      ...(ca === null ? {} : { ca }),
      ...(namespace ? { namespace } : {}),
    },
    proof,
  };
}

/** @throws SecretsMisconfigured */
export function readPlan(env: Environment): SecretsPlan {
  const { config, faults } = Config.read([secretsConfig], env);
  const { SECRETS_CONFIG: file, SECRETS_PATH } = config.of(secretsConfig);
  if (!file) throw new SecretsMisconfigured([...faults, 'SECRETS_CONFIG names no file']);
  const fields = new Fields(parse(file), '');
  const path = SECRETS_PATH ?? fields.text('path');
  if (SECRETS_PATH) fields.text('path', SECRETS_PATH);
  if (!/^kv\/data\/ofitec\/[\w-]+$/.test(path)) {
    fields.fault('path', 'must be as kv/data/ofitec/prod: programs may read there');
  }
  const plan: SecretsPlan = {
    path,
    targets: readTargets(fields),
    rotations: readRotations(fields.one('rotate')),
    lease: fields.optional('lease', readLease),
    alertSpool: fields.text('alertSpool', '-'),
    runbook: fields.text('runbook', '-'),
    maxAgeDays: fields.integer('maxAgeDays', { min: 1, max: 400, fallback: 35 }),
  };
  fields.demandNothingElse();
  if (fields.faults.length > 0) throw new SecretsMisconfigured(fields.faults);
  const unset = (value: string | null): string | null => (value === '-' ? null : value);
  return { ...plan, alertSpool: unset(plan.alertSpool), runbook: unset(plan.runbook) };
}

function readCa(file: string | undefined, faults: string[]): string | null {
  if (!file) return null;
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    faults.push(`VAULT_CACERT cannot be read: ${(error as NodeJS.ErrnoException).code}`);
    return null;
  }
}

function readProof(variables: Variables, faults: string[]): Proof | null {
  const { VAULT_TOKEN: token, VAULT_ROLE_ID: roleId = '' } = variables;
  const { VAULT_SECRET_ID: secretId, VAULT_WRAPPED_SECRET_ID: wrappingToken } = variables;
  const kind = variables.VAULT_AUTH ?? (roleId ? 'approle' : 'token');
  const role = variables.VAULT_AUTH_ROLE ?? 'ofitec-reader';
  const mount = variables.VAULT_AUTH_MOUNT ?? kind;
  if (kind === 'jwt' || kind === 'kubernetes') {
    return { kind: 'jwt', mount, role, jwtFile: variables.VAULT_JWT_FILE ?? POD_TOKEN };
  }
  if (kind === 'token') {
    if (token) return { kind, token };
    faults.push('nothing proves to Vault who we are: VAULT_ROLE_ID with VAULT_SECRET_ID_FILE,');
    faults.push('VAULT_AUTH=kubernetes or jwt, or VAULT_TOKEN_FILE');
    return null;
  }
  if (roleId && wrappingToken) return { kind: 'wrapped', mount, roleId, role, wrappingToken };
  if (roleId && secretId) return { kind, mount, roleId, secretId };
  faults.push('AppRole needs VAULT_ROLE_ID, and VAULT_SECRET_ID or VAULT_WRAPPED_SECRET_ID');
  return null;
}

function parse(path: string): unknown {
  try {
    return readJson(path);
  } catch (error) {
    throw new SecretsMisconfigured([`SECRETS_CONFIG: ${(error as Error).message}`]);
  }
}
