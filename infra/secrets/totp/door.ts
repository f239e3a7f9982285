import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';

const COOKIE = '__Host-ofitec-door';
const SESSION_MS = 8 * 3_600_000;
const MAX_BODY_BYTES = 1_000;
/** Wrong codes in ten minutes: of one name, and of everybody together. */
const MOST_WRONG = { name: 5, all: 60 };
const WINDOW_MS = 600_000;
/** Longer than a code of an app is good for: its own half minute and one to either side. */
const CODE_MS = 120_000;
const PATH = '/door';

const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

/**
 * Stands before dashboards as Traefik's ForwardAuth and nginx' auth_request ask it: lets in whoever
 * gave a code of their authenticator app, or a recovery code, within the last eight hours, and shows everybody else where
 * to give one. Sessions end when it is started anew.
 */
export class Door {
  private readonly key = randomBytes(32);
  private readonly wrong = new Map<string, number[]>();
  /** Codes that let somebody in, and when. */
  private readonly spent = new Map<string, number>();

  constructor(
    private readonly judge: (name: string, code: string) => Promise<boolean>,
    private readonly now: () => number = Date.now,
  ) {}

  listen(port: number, host: string): Promise<Server> {
    const server = createServer((request, response) => {
      this.answer(request, response).catch(() => {
        if (!response.headersSent) response.writeHead(503, PAGE_HEADERS).end(page('later'));
      });
    });
    server.requestTimeout = 10_000;
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => resolve(server));
    });
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', 'http://door').pathname;
    if (path === `${PATH}/check`) return this.check(request, response);
    if (path !== PATH) return void response.writeHead(404).end();
    if (request.method === 'GET')
      return void response.writeHead(200, PAGE_HEADERS).end(page('ask'));
    if (request.method !== 'POST') return void response.writeHead(405).end();
    const body = await read(request);
    const [name = '', code = ''] = ['name', 'code'].map((each) => body.get(each)?.trim());
    if (this.isLimited(name))
      return void response.writeHead(429, PAGE_HEADERS).end(page('limited'));
    if (this.isSpent(name, code) || !(await this.judge(name, code))) {
      this.noteWrong(name);
      return void response.writeHead(403, PAGE_HEADERS).end(page('wrong'));
    }
    this.spent.set(this.sign(`${name} ${code}`), this.now());
    const cookie = `${COOKIE}=${this.seal(name)}; Path=/; Secure; HttpOnly; SameSite=Strict`;
    response
      .writeHead(303, { 'set-cookie': cookie, location: '/', 'cache-control': 'no-store' })
      .end();
  }

  private check(request: IncomingMessage, response: ServerResponse): void {
    const name = this.open(request.headers.cookie ?? '');
    if (name !== null) return void response.writeHead(200, { 'x-door-user': name }).end();
    // No redirection: what stands between would make an address of the door's own of it.
    const wantsPage = (request.headers.accept ?? '').includes('text/html');
    if (wantsPage) response.writeHead(401, PAGE_HEADERS).end(page('ask'));
    else response.writeHead(401, { 'cache-control': 'no-store' }).end();
  }

  private seal(name: string): string {
    const text = `${name}.${this.now() + SESSION_MS}`;
    return `${text}.${this.sign(text)}`;
  }

  /** The name in a cookie that we sealed and that has not ended. */
  private open(cookies: string): string | null {
    const pattern = new RegExp(`(?:^|; )${COOKIE}=([a-z0-9-]+)\\.(\\d+)\\.([A-Za-z0-9_-]+)(?:;|$)`);
    const [, name = '', ends = '', signature = ''] = pattern.exec(cookies) ?? [];
    const expected = Buffer.from(this.sign(`${name}.${ends}`));
    const given = Buffer.from(signature);
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
    return Number(ends) > this.now() ? name : null;
  }

  private sign(text: string): string {
    return createHmac('sha256', this.key).update(text).digest('base64url');
  }

  /** Vault keeps used codes in the memory of the server that leads: after its death the next one knows of none. */
  private isSpent(name: string, code: string): boolean {
    for (const [key, at] of this.spent) if (this.now() - at > CODE_MS) this.spent.delete(key);
    return this.spent.has(this.sign(`${name} ${code}`));
  }

  private isLimited(name: string): boolean {
    return this.recent(name).length >= MOST_WRONG.name || this.recent('*').length >= MOST_WRONG.all;
  }

  private noteWrong(name: string): void {
    // Names that nobody has must not fill the memory: they count for everybody only.
    if (this.wrong.size > 1_000) this.wrong.clear();
    for (const each of [name.slice(0, 40), '*'])
      this.wrong.set(each, [...this.recent(each), this.now()]);
  }

  private recent(name: string): number[] {
    const since = this.now() - WINDOW_MS;
    return (this.wrong.get(name.slice(0, 40)) ?? []).filter((at) => at > since);
  }
}

async function read(request: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    chunks.push(chunk as Buffer);
    size += (chunk as Buffer).length;
    if (size > MAX_BODY_BYTES) throw new Error('The body is too long.');
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}

const SENTENCES = {
  ask: '',
  wrong: 'El código no sirve, o ya se usó. <i lang="en">Wrong or used code.</i>',
  limited: 'Demasiados intentos; espere diez minutos. <i lang="en">Too many attempts.</i>',
  later: 'No se puede revisar el código ahora. <i lang="en">Try again later.</i>',
} as const;

function page(sentence: keyof typeof SENTENCES): string {
  return `<!doctype html><html lang="es"><meta charset="utf-8"><title>Código</title>
<meta name="viewport" content="width=device-width">
<style>body{font:16px sans-serif;max-width:20em;margin:4em auto}input{display:block;width:100%;margin:.3em 0 1em;font:inherit}</style>
<form method="post" action="${PATH}"><p role="alert">${SENTENCES[sentence]}</p>
<label>Nombre <input name="name" autocomplete="username" required autofocus></label>
<label>Código de la aplicación, o uno de recuperación <input name="code" autocomplete="one-time-code" maxlength="23" required></label>
<button>Entrar</button></form></html>`;
}
