import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client as Connection } from 'pg';
import type { QueryResultRow } from 'pg';
import { freePort } from './listening.js';
import { READY, run, runCli, runServer } from './process.js';
import type { Ended, Program } from './process.js';
import { dropDatabase, makeDatabase } from './server.js';
import type { TestUrls } from './server.js';
import { installTraefik } from './traefik.js';
import { until } from './until.js';

const HOST = 'erp.example.cl';
type Colour = 'blue' | 'green';

/** Two releases of the built application over one database, and what stands in front of them. */
export class ReleaseLab {
  readonly host = HOST;
  private readonly programs: Program[] = [];
  private readonly colours = new Map<Colour, Program>();

  private constructor(
    readonly folder: string,
    readonly urls: TestUrls,
    private readonly database: string,
    readonly ports: Readonly<Record<PortName, number>>,
  ) {}

  static async open(): Promise<ReleaseLab> {
    const folder = mkdtempSync(join(tmpdir(), 'ofitec-release-'));
    // Workers of nginx are nobody.
    chmodSync(folder, 0o755);
    const database = `release_${randomBytes(6).toString('hex')}`;
    const urls = await makeDatabase(database, 'demo');
    const lab = new ReleaseLab(folder, urls, database, await freePorts());
    lab.makeCertificate('tls', 90);
    mkdirSync(join(folder, 'acme'));
    await Promise.all([lab.startColour('blue', 'r1'), lab.startColour('green', 'r2')]);
    return lab;
  }

  async close(): Promise<void> {
    await Promise.all(this.programs.map((program) => program.end('SIGTERM')));
    await dropDatabase(this.database);
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** A certificate that the lab trusts, as certbot would lay it down. @returns its file */
  makeCertificate(folder: string, days: number): string {
    const place = join(this.folder, folder);
    mkdirSync(place, { recursive: true });
    const [key, cert] = [join(place, 'privkey.pem'), join(place, 'fullchain.pem')];
    const kind = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    const names = ['-subj', `/CN=${HOST}`, '-addext', `subjectAltName=DNS:${HOST},DNS:localhost`];
    execFileSync(
      'openssl',
      [...kind, '-keyout', key, '-out', cert, '-days', String(days), ...names],
      {
        stdio: 'ignore',
      },
    );
    return cert;
  }

  /** What certbot's hook does for nginx; Traefik reads its certificates with its files. */
  reloadCertificates(proxy: 'nginx' | 'Traefik'): void {
    if (proxy === 'nginx') execFileSync('nginx', ['-s', 'reload', ...this.nginxArgs]);
    else {
      const file = join(this.folder, 'dynamic', 'ofitec.yml');
      writeFileSync(file, readFileSync(file));
    }
  }

  makeFolder(path: string): void {
    mkdirSync(path, { recursive: true });
  }

  /** Rows of the database, as a superuser. */
  async rows<R extends QueryResultRow>(sql: string): Promise<R[]> {
    const client = new Connection({ connectionString: this.urls.superuser });
    await client.connect();
    const { rows } = await client.query<R>(sql);
    await client.end();
    return rows;
  }

  get ca(): string {
    return readFileSync(join(this.folder, 'tls', 'fullchain.pem'), 'utf8');
  }

  get statePath(): string {
    return join(this.folder, 'state');
  }

  async startColour(colour: Colour, release: string): Promise<Program> {
    const program = runServer({
      ...{ DATABASE_URL: this.urls.application, DATABASE_OWNER_URL: this.urls.owner },
      ...{ NODE_ENV: 'test', LOG_LEVEL: 'error', OFITEC_RELEASE: release },
      SECRET_KEY: 'of the tests only and seals nothing that anybody wants to keep',
      ...{
        TRUSTED_PROXIES: '127.0.0.1',
        ALLOWED_HOSTS: `${HOST},127.0.0.1`,
        OFITEC_HOME: this.folder,
      },
      ALERT_SPOOL: join(this.folder, 'spool'),
      PORT: String(this.ports[colour]),
      METRICS_BIND: `127.0.0.1:${this.ports[`${colour}Metrics`]}`,
    });
    this.programs.push(program);
    this.colours.set(colour, program);
    await program.until(READY);
    return program;
  }

  /** Another release in a colour's place. */
  async replace(colour: Colour, release: string): Promise<void> {
    await this.colours.get(colour)?.end('SIGTERM');
    await this.startColour(colour, release);
  }

  /** A program that ends with the lab. */
  start(command: string, args: readonly string[]): Program {
    const program = run(command, args);
    this.programs.push(program);
    return program;
  }

  get variables(): Record<string, string> {
    const { ports } = this;
    return {
      RELEASE_FOLDER: this.statePath,
      // The command is started some twenty times.
      NODE_COMPILE_CACHE: join(this.folder, 'compiled'),
      RELEASE_BLUE: `http://127.0.0.1:${ports.blue}`,
      RELEASE_GREEN: `http://127.0.0.1:${ports.green}`,
      RELEASE_BLUE_METRICS: `http://127.0.0.1:${ports.blueMetrics}/metrics`,
      RELEASE_GREEN_METRICS: `http://127.0.0.1:${ports.greenMetrics}/metrics`,
      ...{ RELEASE_STEP_SECONDS: '2', RELEASE_UNKNOWN_SECONDS: '3', RELEASE_DRAIN_SECONDS: '20' },
    };
  }

  get nginxVariables(): Record<string, string> {
    const args = this.nginxArgs.join(' ');
    return {
      RELEASE_NGINX_FILE: join(this.statePath, 'upstream.conf'),
      RELEASE_NGINX_TEST: `nginx -t ${args}`,
      RELEASE_NGINX_RELOAD: `nginx -s reload ${args}`,
      RELEASE_NGINX_STATUS: `127.0.0.1:${this.ports.status}`,
    };
  }

  get traefikVariables(): Record<string, string> {
    return {
      RELEASE_TRAEFIK_FILE: join(this.folder, 'dynamic', 'release.yml'),
      RELEASE_TRAEFIK_API: `http://127.0.0.1:${this.ports.api}`,
    };
  }

  private get nginxArgs(): string[] {
    return ['-c', join(this.folder, 'nginx.conf'), '-e', join(this.folder, 'error.log')];
  }

  /** The shipped site in a real nginx; `edit` changes a figure for a test. */
  async startNginx(edit: (site: string) => string = (site) => site): Promise<Program> {
    const { folder, ports } = this;
    cpSync('infra/nginx', join(folder, 'nginx'), { recursive: true });
    const site = edit(readFileSync('infra/nginx/ofitec.conf', 'utf8'))
      .replaceAll('/var/lib/ofitec-release', this.statePath)
      .replaceAll('/etc/nginx/ofitec', join(folder, 'nginx'))
      .replaceAll(`/etc/letsencrypt/live/${HOST}`, join(folder, 'tls'))
      .replaceAll('/var/www/acme', join(folder, 'acme'))
      .replaceAll('listen 80', `listen 127.0.0.1:${ports.http}`)
      .replaceAll('listen 443', `listen 127.0.0.1:${ports.https}`);
    writeFileSync(join(folder, 'site.conf'), site);
    const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (kind) => `${kind}_temp_path ${join(folder, `temp_${kind}`)};`,
    );
    writeFileSync(
      join(folder, 'nginx.conf'),
      [
        ...[`pid ${join(folder, 'nginx.pid')};`, 'worker_processes 2;'],
        ...['events { worker_connections 512; }', 'http {', 'access_log off;', ...temp],
        ...[`include ${join(folder, 'site.conf')};`, '}'],
      ].join('\n'),
    );
    const nginx = this.start('nginx', [...this.nginxArgs, '-g', 'daemon off;']);
    await answers(`http://127.0.0.1:${ports.status}/`, nginx);
    return nginx;
  }

  /** The shipped files in a real Traefik. */
  async startTraefik(
    edit: (dynamic: string) => string = (text) => text,
    editFixed: (fixed: string) => string = (text) => text,
  ): Promise<Program> {
    const { folder, ports } = this;
    const dynamic = join(folder, 'dynamic');
    mkdirSync(dynamic, { recursive: true });
    cpSync('infra/traefik/dynamic/security.yml', join(dynamic, 'security.yml'));
    const files = ['certFile', 'keyFile'].map(
      (name, n) => `${name}: ${join(folder, 'tls', n === 0 ? 'fullchain.pem' : 'privkey.pem')}`,
    );
    const own = edit(readFileSync('infra/traefik/ofitec.yml', 'utf8'))
      // A certificate of files, since there is no authority to ask.
      .replaceAll('{ certResolver: letsencrypt }', '{}')
      .replace('tls:\n  options:', `tls:\n  certificates: [{ ${files.join(', ')} }]\n  options:`);
    writeFileSync(join(dynamic, 'ofitec.yml'), own);
    const fixed = editFixed(readFileSync('infra/traefik/traefik.yml', 'utf8'))
      .replace("address: ':80'", `address: '127.0.0.1:${ports.http}'`)
      .replace("address: ':443'", `address: '127.0.0.1:${ports.https}'`)
      .replace('127.0.0.1:8080', `127.0.0.1:${ports.api}`)
      .replace('/etc/traefik/dynamic', dynamic)
      .replace('/var/lib/traefik/acme.json', join(folder, 'acme.json'));
    writeFileSync(join(folder, 'traefik.yml'), fixed);
    const program = await installTraefik();
    const traefik = this.start(program, [`--configFile=${join(folder, 'traefik.yml')}`]);
    await answers(`http://127.0.0.1:${ports.api}/api/overview`, traefik);
    return traefik;
  }

  /** The shipped configuration in a real Prometheus, which looks every two seconds; one that is not answered in that is a fault. */
  async startPrometheus(): Promise<Program> {
    const { folder, ports } = this;
    const place = join(folder, 'prometheus');
    cpSync('infra/prometheus', place, { recursive: true });
    const config = join(place, 'prometheus.yml');
    const slow = readFileSync(config, 'utf8');
    writeFileSync(
      config,
      slow.replaceAll('15s', '2s').replace('scrape_timeout: 10s', 'scrape_timeout: 2s'),
    );
    writeFileSync(join(place, 'metrics-token'), 'none is asked for\n');
    const targets = (['blue', 'green'] as const).map(
      (colour) =>
        `- {targets: ['127.0.0.1:${ports[`${colour}Metrics`]}'], labels: {colour: ${colour}}}\n`,
    );
    writeFileSync(join(place, 'targets', 'ofitec.yml'), targets.join(''));
    const address = `127.0.0.1:${ports.prometheus}`;
    const prometheus = this.start('prometheus', [
      ...[`--config.file=${config}`, `--storage.tsdb.path=${join(folder, 'tsdb')}`],
      `--web.listen-address=${address}`,
    ]);
    await answers(`http://${address}/-/ready`, prometheus);
    const query = encodeURIComponent('release:observed_age_seconds');
    await until('Prometheus has looked at both colours', async () => {
      const answer = await fetch(`http://${address}/api/v1/query?query=${query}`);
      const { data } = (await answer.json()) as { data: { result: unknown[] } };
      return data.result.length === 2;
    });
    return prometheus;
  }

  get prometheusVariables(): Record<string, string> {
    return { RELEASE_PROMETHEUS: `http://127.0.0.1:${this.ports.prometheus}` };
  }

  /** From now on payments fail in the release `broken`, and take two seconds in the release `slow`. */
  async spoilPayments(): Promise<void> {
    const client = new Connection({ connectionString: this.urls.superuser });
    await client.connect();
    await client.query(`
      CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF current_setting('application_name') = 'ofitec http broken' THEN
          RAISE EXCEPTION 'this release is broken';
        ELSIF current_setting('application_name') = 'ofitec http slow' THEN
          PERFORM pg_sleep(2);
        END IF;
        RETURN NEW;
      END $$`);
    await client.query(
      'CREATE TRIGGER spoil BEFORE INSERT ON payments_payment FOR EACH ROW EXECUTE FUNCTION spoil()',
    );
    await client.end();
  }

  /** `ofitec release …` as a process of its own. */
  async release(args: readonly string[], env: Record<string, string>): Promise<Ended> {
    return runCli(['release', ...args], { ...this.variables, ...env });
  }

  /** The same, to be killed on its way. */
  releasing(args: readonly string[], env: Record<string, string>): Program {
    return run(process.execPath, [join('dist', 'src', 'cli.js'), 'release', ...args], {
      env: { ...this.variables, ...env },
    });
  }

  /** How the release stands by its own file. */
  standing(): Record<string, unknown> {
    const text = readFileSync(join(this.statePath, 'state.json'), 'utf8');
    return JSON.parse(text) as Record<string, unknown>;
  }

  /** How many requests a colour has answered, those of watchers left out. */
  async served(colour: Colour): Promise<number> {
    const answer = await fetch(`http://127.0.0.1:${this.ports[`${colour}Metrics`]}/metrics`);
    const lines = (await answer.text()).split('\n');
    return lines
      .filter((line) => line.startsWith('ofitec_http_requests_total{'))
      .filter((line) => !/route="\/(health|metrics)/.test(line))
      .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  }
}

const PORTS = [
  ...(['blue', 'green', 'blueMetrics', 'greenMetrics', 'http', 'https'] as const),
  ...(['status', 'api', 'prometheus'] as const),
];
type PortName = (typeof PORTS)[number];

async function freePorts(): Promise<Record<PortName, number>> {
  const ports: [PortName, number][] = [];
  for (const name of PORTS) ports.push([name, await freePort()]);
  return Object.fromEntries(ports) as Record<PortName, number>;
}

async function answers(url: string, program: Program): Promise<void> {
  const isThere = (): Promise<boolean> =>
    fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
  await until(`${url} answers`, async () => (await isThere()) || program.hasEnded, 90_000);
  if (program.hasEnded) throw new Error(`${url} does not answer:\n${program.output}`);
}
