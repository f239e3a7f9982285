import type { Fields } from '../../failover/dns/fields.js';

/** The login of the application at its database. */
export interface DbRotation {
  /** File with the URL of the role that may change the logins. */
  readonly adminUrlFile: string;
  /** Key of the document that holds the application's URL. */
  readonly key: string;
  /** The role whose members the logins are. */
  readonly member: string;
  readonly roles: readonly [string, string];
  /** How long the old login's connections may take to end by themselves. */
  readonly drainSeconds: number;
  /** How long nobody must have used it before it is retired. */
  readonly graceSeconds: number;
  /** A process that tries the new login before everybody gets it. */
  readonly canary: { readonly file: string; readonly readyUrl: string } | null;
}

/** The key with which the application seals. */
export interface SessionKeyRotation {
  /** How long every process has to read the new key before anything is sealed with it. */
  readonly announceSeconds: number;
}

/** A password of a restic repository. */
export interface ResticRotation {
  readonly repository: string;
  readonly key: string;
  readonly program: string;
  readonly graceSeconds: number;
}

/** What a host signs in to Vault with. */
export interface TokenRotation {
  readonly role: string;
  readonly mount: string;
  /** The host's file, which `VAULT_SECRET_ID_FILE` names. */
  readonly file: string;
  readonly roleId: string;
}

export interface Rotations {
  readonly db: DbRotation | null;
  readonly sessionKey: SessionKeyRotation | null;
  readonly restic: ResticRotation | null;
  readonly token: TokenRotation | null;
}

const ROLE = /^[a-z_][a-z0-9_]{0,62}$/;

export function readRotations(rotate: Fields): Rotations {
  return {
    db: rotate.optional('db', readDb),
    sessionKey: rotate.optional('session-key', (fields) => ({
      announceSeconds: seconds(fields, 'announceSeconds', 300),
    })),
    restic: rotate.optional('restic', (fields) => ({
      repository: fields.text('repository'),
      key: fields.text('key', 'RESTIC_PASSWORD'),
      program: fields.text('program', 'restic'),
      graceSeconds: seconds(fields, 'graceSeconds', 300),
    })),
    token: rotate.optional('token', (fields) => ({
      role: fields.text('role', 'ofitec-reader'),
      mount: fields.text('mount', 'approle'),
      file: fields.text('file'),
      roleId: fields.text('roleId'),
    })),
  };
}

function readDb(fields: Fields): DbRotation {
  const roles = fields.texts('roles', true);
  const [first = 'ofitec_app_a', second = 'ofitec_app_b'] = roles;
  if (roles.length !== 0 && roles.length !== 2) fields.fault('roles', 'must be two');
  const member = fields.text('member', 'ofitec_app');
  for (const role of [first, second, member]) {
    if (!ROLE.test(role)) fields.fault('roles', `holds "${role}", which is no plain role name`);
  }
  return {
    ...{ adminUrlFile: fields.text('adminUrlFile'), key: fields.text('key', 'DATABASE_URL') },
    ...{ member, roles: [first, second] },
    // A little longer than a connection lives unless it was told otherwise.
    drainSeconds: seconds(fields, 'drainSeconds', 2_400),
    graceSeconds: seconds(fields, 'graceSeconds', 60),
    canary: fields.optional('canary', (canary) => ({
      file: canary.text('file'),
      readyUrl: canary.url('readyUrl'),
    })),
  };
}

function seconds(fields: Fields, name: string, fallback: number): number {
  return fields.integer(name, { min: 0, max: 86_400, fallback });
}
