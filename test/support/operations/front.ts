import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { request } from 'node:https';
import type { Program } from '../process.js';
import type { CleanRoot } from './clean-root.js';
import { CARRIED } from './install.js';

const HOST = 'erp.example.cl';
const CERTIFICATE = `etc/letsencrypt/live/${HOST}`;
const STATUS_PORT = 8101;

/** nginx of Debian in front of both colours, as the pages of infra/nginx and infra/release say. */
export class Front {
  private constructor(
    private readonly nginx: Program,
    private readonly port: number,
    private readonly ca: string,
  ) {}

  /** Installs and starts it; everything goes to blue. */
  static async open(root: CleanRoot): Promise<Front> {
    const apt = { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
    const packages = ['install', '-qqy', '--no-install-recommends', 'nginx-light'];
    await root.read('apt-get', packages, { env: apt });
    makeCertificate(root);
    const file = '/var/lib/ofitec-release/upstream.conf';
    root.writeFile('etc/ofitec/release.env', `RELEASE_NGINX_FILE='${file}'\n`);
    const lines = [
      'rm -f /etc/nginx/sites-enabled/default && mkdir -p /etc/nginx/ofitec',
      `cp ${CARRIED}/infra/nginx/security*.conf /etc/nginx/ofitec`,
      `cp ${CARRIED}/infra/nginx/ofitec.conf /etc/nginx/sites-enabled`,
      'ofitec release apply --files-only',
    ];
    await root.read('sh', ['-ec', lines.join('\n')]);
    const nginx = root.start('nginx', ['-g', 'daemon off;']);
    const status = await root.reach(STATUS_PORT);
    await answersAt(status, nginx);
    const { port } = new URL(await root.reach(443));
    return new Front(nginx, Number(port), root.readFile(`${CERTIFICATE}/fullchain.pem`));
  }

  /** What is answered to a user who comes by the name of the host, over TLS. */
  async get(path: string, token: string | null): Promise<number> {
    const to = { host: '127.0.0.1', port: this.port, path, servername: HOST, ca: this.ca };
    const headers = { host: HOST, ...(token ? { authorization: `Bearer ${token}` } : {}) };
    return new Promise((resolve, reject) => {
      const asked = request({ ...to, headers, agent: false }, (answer) => {
        answer.resume();
        answer.on('end', () => resolve(answer.statusCode ?? 0));
      });
      asked.on('error', reject);
      asked.end();
    });
  }

  /** Where load comes in. */
  get target(): { port: number; host: string; ca: string } {
    return { port: this.port, host: HOST, ca: this.ca };
  }

  async close(): Promise<void> {
    await this.nginx.end('SIGTERM');
  }
}

function makeCertificate(root: CleanRoot): void {
  const folder = root.path(CERTIFICATE);
  mkdirSync(folder, { recursive: true });
  const kind = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const files = ['-keyout', `${folder}/privkey.pem`, '-out', `${folder}/fullchain.pem`];
  const names = ['-days', '30', '-subj', `/CN=${HOST}`, '-addext', `subjectAltName=DNS:${HOST}`];
  const { status, stderr } = spawnSync('openssl', [...kind, ...files, ...names]);
  if (status !== 0) throw new Error(`openssl: ${stderr?.toString()}`);
}

async function answersAt(url: string, nginx: Program): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    const answer = await fetch(url).catch(() => null);
    if (answer?.status === 200) return;
    if (nginx.hasEnded || tries > 300) throw new Error(`nginx does not answer: ${nginx.output}`);
    await new Promise((done) => setTimeout(done, 100));
  }
}
