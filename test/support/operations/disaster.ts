import { randomBytes } from 'node:crypto';
import type { CleanRoot } from './clean-root.js';
import { CARRIED } from './install.js';

const DATA = '/var/lib/postgresql/15/main';
const DUMPS = '/var/backups/ofitec/dumps';

/** A dump that can be gone back to. */
export interface Dump {
  readonly id: string;
  readonly bytes: number;
  readonly tables: number;
  /** As `ofitec audit verify --anchor` takes them. */
  readonly anchors: string;
}

interface Manifest {
  readonly dump: { readonly bytes: number };
  readonly tables: Readonly<Record<string, unknown>>;
  readonly audit: readonly { companyId: string; number: string | number; hash: string }[];
}

/** What an operator does once, by the page of infra/backups: the role, its password and the settings; dumps only. */
export async function setUpBackup(root: CleanRoot): Promise<void> {
  const password = randomBytes(18).toString('hex');
  const url = `postgres://ofitec_backup:${password}@127.0.0.1:5432/ofitec`;
  const lines = [
    `runuser -u postgres -- psql -Xq -v ON_ERROR_STOP=1 -v database=ofitec < ${CARRIED}/infra/postgresql/backup.sql`,
    'printf "ALTER ROLE ofitec_backup PASSWORD \'%s\';" "$PASSWORD" | runuser -u postgres -- psql -Xq -v ON_ERROR_STOP=1',
    'install -o postgres -m 700 -d /var/backups/ofitec',
    'install -o root -m 755 -d /etc/ofitec/secrets',
    'printf "%s" "$ADDRESS" > /etc/ofitec/secrets/backup-database-url',
    'chown postgres /etc/ofitec/secrets/backup-database-url /etc/ofitec/backup.env',
    'chmod 600 /etc/ofitec/secrets/backup-database-url /etc/ofitec/backup.env',
    'ofitec backup setup',
  ];
  const example = root.readFile(`${CARRIED}/infra/backups/backup.env.example`);
  // The shipped settings, without the kinds of backups that need a second machine.
  const settings = example.replaceAll(/^BACKUP_(STANZA|FULL_|RESTIC_).*\n/gm, '');
  root.writeFile('etc/ofitec/backup.env', settings);
  const env = { PASSWORD: password, ADDRESS: url };
  await root.read('sh', ['-ec', lines.join('\n')], { env });
}

/** Takes a dump by the installed unit. */
export async function takeDump(root: CleanRoot): Promise<Dump> {
  const { code, output } = await root.startUnit('ofitec-backup.service').end();
  if (code !== 0) throw new Error(`no backup: ${output}`);
  const id = (await root.read('ls', [DUMPS])).trim().split('\n').at(-1) ?? '';
  const manifest = JSON.parse(root.readFile(`${DUMPS}/${id}/manifest.json`)) as Manifest;
  const anchors = manifest.audit.map(
    ({ companyId, number, hash }) => `${companyId}/${number}:${hash}`,
  );
  return {
    ...{ id, bytes: manifest.dump.bytes, anchors: anchors.join(',') },
    tables: Object.keys(manifest.tables).length,
  };
}

/** PostgreSQL dies at once, and its data with it. */
export async function loseDatabase(root: CleanRoot): Promise<void> {
  const lines = [
    `kill -KILL "$(head -n 1 ${DATA}/postmaster.pid)"`,
    // Its processes end by themselves, and may write until they do.
    `until rm -rf ${DATA}; do sleep 0.2; done`,
    `[ ! -e ${DATA} ]`,
  ];
  await root.read('sh', ['-ec', lines.join('\n')]);
}

/** Makes the cluster anew from a dump, where it was. @returns what the command says */
export async function restoreDump(root: CleanRoot, { id }: Dump): Promise<string> {
  return root.read('ofitec', ['backup', 'restore', '--dump', id, '--into', DATA]);
}
