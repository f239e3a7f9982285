import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { askPostgres, letRotate, superuserOf } from './rotated-postgres.js';
import { SecretsLab } from './secrets-lab.js';
import { startOwnServer } from './server.js';
import type { OwnServer } from './server.js';

const FIRST = {
  restic: 'the-first-password-of-the-repository',
  key: 'k'.repeat(20) + 'old-secret-key'.repeat(3),
};

/** A whole installation as far as secrets go: OpenBao, PostgreSQL, a restic repository, a host's files. */
export class SecretsSite {
  readonly firstKey = FIRST.key;

  private constructor(
    readonly lab: SecretsLab,
    readonly postgres: OwnServer,
  ) {}

  static async open(options: Parameters<typeof SecretsLab.open>[0] = {}): Promise<SecretsSite> {
    const [lab, postgres] = await Promise.all([
      SecretsLab.open(options),
      startOwnServer({ isEmpty: true }),
    ]);
    return SecretsSite.over(lab, postgres);
  }

  static async over(lab: SecretsLab, postgres: OwnServer): Promise<SecretsSite> {
    const site = new SecretsSite(lab, postgres);
    mkdirSync(lab.file('host'));
    writeFileSync(lab.file('admin-url'), await letRotate(postgres), { mode: 0o600 });
    writeFileSync(lab.file('data'), 'what must come back');
    await lab.put({
      ...{ DATABASE_URL: postgres.urls.application, RESTIC_PASSWORD: FIRST.restic },
      ...{ SECRET_KEY: FIRST.key, SECRET_KEY_FALLBACKS: FIRST.key },
    });
    lab.configure(site.config);
    const { code, output } = await lab.as('reader', 'render').end();
    if (code !== 0) throw new Error(output);
    site.restic('init');
    site.restic('backup', lab.file('data'));
    return site;
  }

  get config(): Record<string, object | string> & { rotate: Record<string, object> } {
    const { lab } = this;
    return {
      env: { file: lab.file('host/ofitec.env'), keys: ['SECRET_KEY', 'SECRET_KEY_FALLBACKS'] },
      files: [
        { key: 'DATABASE_URL', file: lab.file('host/url') },
        { key: 'RESTIC_PASSWORD', file: lab.file('host/restic') },
      ],
      runbook: lab.file('runbook.md'),
      rotate: {
        db: { adminUrlFile: lab.file('admin-url'), graceSeconds: 0, drainSeconds: 60 },
        restic: { repository: lab.file('repository'), graceSeconds: 0 },
        'session-key': { announceSeconds: 0 },
        token: {
          roleId: lab.read('ofitec-reader.role-id'),
          file: lab.file('ofitec-reader.secret-id'),
        },
      },
    };
  }

  /** restic with the password of a host's file. */
  restic(...args: string[]): { code: number | null; said: string } {
    return this.resticWith(this.lab.file('host/restic'), ...args);
  }

  resticWith(passwordFile: string, ...args: string[]): { code: number | null; said: string } {
    const options = ['--repo', this.lab.file('repository'), '--password-file', passwordFile];
    const all = [...options, '--no-cache', ...args];
    const { status, stdout, stderr } = spawnSync('restic', all, { encoding: 'utf8' });
    return { code: status, said: `${stdout}${stderr}` };
  }

  resticKeys(): unknown[] {
    return JSON.parse(this.restic('key', 'list', '--json').said) as unknown[];
  }

  entries(): string[] {
    const file = this.lab.file('runbook.md');
    return existsSync(file) ? this.lab.read('runbook.md').trim().split('\n') : [];
  }

  async secretIds(): Promise<string[]> {
    const path = 'auth/approle/role/ofitec-reader/secret-id?list=true';
    return (await this.lab.bao.call('GET', path)).body.data?.['keys'] as string[];
  }

  /** Everything that a command could have left half done: files, versions in Vault, roles of PostgreSQL. */
  async state(): Promise<Record<string, unknown>> {
    const { lab, postgres } = this;
    const host = lab.file('host');
    const files = [
      ...readdirSync(host).map((name) => join('host', name)),
      'ofitec-reader.secret-id',
    ].sort();
    const mounts = ['ofitec', 'ofitec-rotation', 'ofitec-pending', 'ofitec-totp'];
    const versions = await Promise.all(mounts.map((mount) => this.versionsIn(mount)));
    const list = async (path: string): Promise<unknown> =>
      (await lab.bao.call('GET', path)).body.data?.['keys'] ?? [];
    return {
      files: Object.fromEntries(files.map((name) => [name, lab.read(name)])),
      versions: Object.assign({}, ...versions) as object,
      secretIds: (await this.secretIds()).toSorted(),
      apps: await list('totp/keys?list=true'),
      policies: await list('sys/policies/acl?list=true'),
      logins: await askPostgres(
        superuserOf(postgres),
        `SELECT rolname, rolcanlogin, rolpassword FROM pg_authid WHERE rolname LIKE '%ofitec%' ORDER BY 1`,
      ),
      entries: this.entries(),
    };
  }

  async close(): Promise<void> {
    await this.postgres.stop();
    await this.lab.close();
  }

  private async versionsIn(mount: string): Promise<Record<string, unknown>> {
    const { bao } = this.lab;
    const listed = await bao.call('GET', `kv/metadata/${mount}?list=true`);
    const names = (listed.body.data?.['keys'] ?? []) as string[];
    const found: Record<string, unknown> = {};
    for (const name of names) {
      const { body } = await bao.call('GET', `kv/metadata/${mount}/${name}`);
      found[`${mount}/${name}`] = body.data?.['current_version'];
    }
    return found;
  }
}
