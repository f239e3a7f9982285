import { createServer as createHttp } from 'node:http';
import type { Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { close, listen } from './listening.js';

/** What a site's entrance does. `dead` takes no connections. */
export type Mode = 'ready' | 'broken' | 'slow' | 'impostor' | 'dead';

/** A site's public entrance and, beside it, the REST API of its database's Patroni; both played. */
export class PlayedSite {
  mode: Mode = 'ready';
  primary = true;
  private readonly servers = new Set<HttpServer>();
  private entrance: HttpServer | null = null;

  private constructor(
    readonly name: string,
    readonly address: string,
    private port: number,
    private readonly patroni: HttpServer,
  ) {}

  static async open(name: string, address: string): Promise<PlayedSite> {
    const patroni = createHttp((request, response) => {
      if (request.url === '/primary') return response.writeHead(site.primary ? 200 : 503).end();
      const role = site.primary ? 'leader' : 'sync_standby';
      const member = { name: `pg-${name}`, role, state: 'running', timeline: 3, lag: 0 };
      return response.end(JSON.stringify({ members: [member] }));
    });
    const site = new PlayedSite(name, address, 0, patroni);
    await listen(patroni, address, 0);
    site.servers.add(patroni);
    await site.set('ready');
    return site;
  }

  get readyUrl(): string {
    return `http://${this.address}:${this.port}/health/ready`;
  }

  get patroniUrl(): string {
    return `http://${this.address}:${(this.patroni.address() as AddressInfo).port}`;
  }

  async set(mode: Mode): Promise<void> {
    this.mode = mode;
    if (mode === 'dead') {
      await close(this.entrance);
      this.entrance = null;
    } else if (!this.entrance) {
      this.entrance = createHttp((request, response) => {
        const url = new URL(request.url ?? '', this.readyUrl);
        const nonce = this.mode === 'impostor' ? 'kept' : url.searchParams.get('nonce');
        if (this.mode === 'slow') return;
        const status = this.mode === 'broken' ? 503 : 200;
        response.writeHead(status).end(JSON.stringify({ status: 'ok', nonce }));
      });
      await listen(this.entrance, this.address, this.port);
      this.port = (this.entrance.address() as AddressInfo).port;
    }
  }

  async close(): Promise<void> {
    for (const each of [...this.servers, this.entrance]) await close(each);
  }
}
