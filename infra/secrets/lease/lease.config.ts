import type { Fields } from '../../failover/dns/fields.js';

/** A login of the database that is leased instead of being rotated. */
export interface LeaseConfig {
  /** Of Vault's database secrets engine. */
  readonly mount: string;
  readonly role: string;
  /** Where the database is, without a login: `postgres://db:5432/ofitec`. */
  readonly url: string;
  /** Gets the whole URL; `DATABASE_URL_FILE` names it. */
  readonly file: string;
  /** What `DATABASE_CONNECTION_LIFE_SECONDS` is. */
  readonly connectionLifeSeconds: number;
}

export function readLease(fields: Fields): LeaseConfig {
  const mount = fields.text('mount', 'database');
  const role = fields.text('role', 'ofitec-app');
  for (const each of [mount, role]) {
    if (!/^[\w-]+$/.test(each))
      fields.fault('role', `or mount is "${each}", which is no plain name`);
  }
  const url = fields.text('url');
  if (url !== '' && !/^postgres(ql)?:\/\/[^@]+$/.test(url)) {
    fields.fault('url', 'must be as postgres://db:5432/ofitec, without a login');
  }
  const life = { min: 1, max: 86_400, fallback: 1_800 };
  const connectionLifeSeconds = fields.integer('connectionLifeSeconds', life);
  return { mount, role, url, file: fields.text('file'), connectionLifeSeconds };
}
