import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FaultyVault } from './faulty-vault.js';
import { OpenBao } from './openbao.js';
import { run } from './process.js';
import type { Ended, Program } from './process.js';

/** What a program of the lab signs in as: `ofitec-…`. */
type LabRole = 'reader' | 'rotator' | 'doctor' | 'door' | 'totp' | 'lease';
const SECRETS_PATH = 'kv/data/ofitec/prod';

/** A real OpenBao, provisioned by the command itself, behind a {@link FaultyVault}; and a host's folder. */
export class SecretsLab {
  private constructor(
    readonly bao: OpenBao,
    readonly faulty: FaultyVault,
    readonly folder: string,
  ) {}

  static async open(options: Parameters<typeof OpenBao.open>[0] = {}): Promise<SecretsLab> {
    const bao = await OpenBao.open(options);
    const faulty = await FaultyVault.before(bao);
    const lab = new SecretsLab(bao, faulty, mkdtempSync(join(tmpdir(), 'ofitec-test-secrets-')));
    const { code, output } = await lab.asRoot('setup');
    if (code !== 0 && options.audit !== false) throw new Error(output);
    for (const role of ['reader', 'rotator', 'doctor', 'door', 'totp'])
      await lab.enrol(`ofitec-${role}`);
    return lab;
  }

  file(name: string): string {
    return join(this.folder, name);
  }

  read(name: string): string {
    return readFileSync(this.file(name), 'utf8');
  }

  get spool(): string {
    return this.file('spool');
  }

  /** What SECRETS_CONFIG names, from now on. */
  configure(config: object): void {
    const all = { path: SECRETS_PATH, alertSpool: this.spool, ...config };
    writeFileSync(this.file('secrets.json'), JSON.stringify(all));
  }

  /** The secrets of the installation, written past everything. @returns the version */
  async put(data: object, path = SECRETS_PATH): Promise<number> {
    const known = await this.bao.call('GET', path.replace('/data/', '/metadata/'));
    const cas = Number(known.body.data?.['current_version'] ?? 0);
    const { status, body } = await this.bao.call('POST', path, { options: { cas }, data });
    if (status !== 200) throw new Error(JSON.stringify(body));
    return cas + 1;
  }

  async get(path = SECRETS_PATH): Promise<Record<string, string>> {
    const { body } = await this.bao.call('GET', path);
    return (body.data?.['data'] ?? {}) as Record<string, string>;
  }

  /** `ofitec secrets …` on a host that signs in as a role. */
  as(role: LabRole, ...args: string[]): Program {
    return this.start(args, this.signedInAs(role));
  }

  /** Variables of a host that signs in as a role. */
  signedInAs(role: LabRole): Record<string, string> {
    const name = `ofitec-${role}`;
    return {
      VAULT_ROLE_ID: this.read(`${name}.role-id`),
      VAULT_SECRET_ID_FILE: this.file(`${name}.secret-id`),
    };
  }

  asRoot(...args: string[]): Promise<Ended> {
    return this.start(args, { VAULT_TOKEN: this.bao.rootToken }).end();
  }

  start(args: readonly string[], env: Readonly<Record<string, string>>): Program {
    return run(process.execPath, [join('dist', 'infra', 'secrets', 'main.js'), ...args], {
      env: { ...this.environment, ...env },
    });
  }

  get environment(): Record<string, string> {
    return {
      VAULT_ADDR: this.faulty.url,
      VAULT_CACERT: this.bao.caFile,
      VAULT_CLIENT_TIMEOUT: '3',
      SECRETS_CONFIG: this.file('secrets.json'),
    };
  }

  async close(): Promise<void> {
    await this.faulty.close();
    await this.bao.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Gives the host what it signs in with. */
  async enrol(role: string): Promise<void> {
    mkdirSync(this.spool, { recursive: true });
    const roleId = await this.bao.call('GET', `auth/approle/role/${role}/role-id`);
    const secretId = await this.bao.call('POST', `auth/approle/role/${role}/secret-id`, {});
    const write = (name: string, value: unknown): void =>
      writeFileSync(this.file(`${role}.${name}`), String(value), { mode: 0o600 });
    write('role-id', roleId.body.data?.['role_id']);
    write('secret-id', secretId.body.data?.['secret_id']);
  }
}
