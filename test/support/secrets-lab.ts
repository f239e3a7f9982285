import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FaultyVault } from './faulty-vault.js';
import { OpenBao } from './openbao.js';
import { READY, run, runServer } from './process.js';
import type { Ended, Program } from './process.js';
import { startOwnServer } from './server.js';
import type { OwnServer } from './server.js';

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
    return SecretsLab.over(await OpenBao.open(options), options);
  }

  /** Provisions a server that runs; it is stopped with the lab. */
  static async over(bao: OpenBao, options: { audit?: boolean } = {}): Promise<SecretsLab> {
    const faulty = await FaultyVault.before(bao);
    const lab = new SecretsLab(bao, faulty, mkdtempSync(join(tmpdir(), 'ofitec-test-secrets-')));
    const { code, output } = await lab.asRoot('setup');
    if (code !== 0 && options.audit !== false) throw new Error(output);
    for (const role of ['reader', 'rotator', 'doctor', 'door', 'totp'])
      await lab.enrol(`ofitec-${role}`);
    return lab;
  }

  /** One beside a real PostgreSQL with the demo company, and a host's folder: where an ERP is watched. */
  static async beside(): Promise<{ lab: SecretsLab; postgres: OwnServer }> {
    const [lab, postgres] = await Promise.all([SecretsLab.open(), startOwnServer()]);
    mkdirSync(lab.file('host'));
    return { lab, postgres };
  }

  /** The ERP of a host that follows the file with its database's URL. @returns it and its address */
  async serve(urlFile: string): Promise<{ server: Program; url: string }> {
    const server = runServer({
      ...{ DATABASE_URL_FILE: urlFile, DATABASE_CONNECTION_LIFE_SECONDS: '2' },
      ...{ DATABASE_POOL_SIZE: '6', LOG_LEVEL: 'warn', OFITEC_HOME: this.file('home') },
    });
    return { server, url: (await server.until(READY))[1] ?? '' };
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
      // What stands before Vault lives in this process, which may be held up; a fault that stays is soon clear.
      VAULT_CLIENT_TIMEOUT: this.faulty.fault === 'none' ? '60' : '3',
      SECRETS_CONFIG: this.file('secrets.json'),
    };
  }

  /**
   * A rotator that is killed once Vault has its journal at a state: it never hears so, and goes no further.
   *
   * @throws Error when it ended before
   */
  async rotateUntil(
    state: string,
    secret: string,
    env: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    let rotator: Program | null = null;
    this.faulty.watch = ({ path, body }, when) => {
      const isIt = path === `kv/data/ofitec-rotation/${secret}` && when === 'after';
      if (!isIt || !body.includes(`"state":"${state}"`) || !rotator) return;
      rotator.signal('SIGKILL');
      throw new Error('killed');
    };
    rotator = this.start(['rotate', secret], { ...this.signedInAs('rotator'), ...env });
    const { code, output } = await rotator.end();
    this.faulty.watch = () => undefined;
    if (code !== null) throw new Error(`It was not killed at ${state}:\n${output}`);
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
