import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createPlain } from 'node:http';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createServer as createSecure } from 'node:https';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';

const TLS_HANDSHAKE = 22;

/** Every host of the web on one port of this machine: http, https, and as a proxy for https. */
export interface Front {
  readonly port: number;
  close(): void;
}

/** Opens such a front, with a certificate of its own that nobody knows. */
export async function openFront(serve: RequestListener): Promise<Front> {
  const folder = mkdtempSync(join(tmpdir(), 'ofitec-site-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const out = ['-keyout', key, '-out', cert, '-days', '2', '-subj', '/CN=site.test'];
  execFileSync('openssl', [...made, ...out], { stdio: 'ignore' });
  const plain = createPlain(serve);
  const secure = createSecure({ key: readFileSync(key), cert: readFileSync(cert) }, serve);
  // Whom a proxy is asked for does not matter: every host is this process.
  plain.on('connect', (_request, socket: Socket) => {
    socket.write('HTTP/1.1 200 Connected\r\n\r\n');
    secure.emit('connection', socket);
  });
  const front = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', (first) => {
      socket.pause();
      (first[0] === TLS_HANDSHAKE ? secure : plain).emit('connection', socket);
      socket.unshift(first);
      socket.resume();
    });
  });
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  return {
    port: (front.address() as AddressInfo).port,
    close: () => {
      front.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Every host of the web, http and https on any port, served by this process to one Chromium. */
export class Site {
  private constructor(
    readonly browser: Browser,
    private readonly end: () => Promise<void>,
  ) {}

  static async open(serve: RequestListener): Promise<Site> {
    const front = await openFront(serve);
    const { chromium } = await import('playwright-core');
    const browser = await chromium.launch({
      executablePath: '/usr/bin/chromium',
      chromiumSandbox: process.getuid?.() !== 0,
      args: [
        `--host-resolver-rules=MAP * 127.0.0.1:${front.port}`,
        '--ignore-certificate-errors',
        // Otherwise Chromium holds reports back for a minute.
        '--short-reporting-delay',
      ],
    });
    return new Site(browser, async () => {
      await browser.close();
      front.close();
    });
  }

  async page(): Promise<Page> {
    const context = await this.browser.newContext({ ignoreHTTPSErrors: true });
    return context.newPage();
  }

  async close(): Promise<void> {
    await this.end();
  }
}

/** Something of the kind that an address ends in: script, style, page, or else a picture. */
export function serveAsset(request: IncomingMessage, response: ServerResponse): void {
  const path = (request.url ?? '').split('?')[0] ?? '';
  const types: Record<string, string> = {
    ...{ js: 'text/javascript', css: 'text/css', html: 'text/html' },
  };
  const type = types[path.split('.').at(-1) ?? ''] ?? 'image/svg+xml';
  response.writeHead(200, { 'content-type': type, 'access-control-allow-origin': '*' });
  response.end(type === 'image/svg+xml' ? '<svg xmlns="http://www.w3.org/2000/svg"/>' : '');
}
